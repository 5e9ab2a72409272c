// What an engine does about fork(2).
#include <proactor/detail/engine.hpp>

#include <chrono>
#include <new>
#include <thread>

namespace proactor::detail {

void engine::fork_prepare()
{
    for (;;)
    {
        {
            section_guard held(section_);
            reap(); // completes in both
            if (driver_->end_calls())
                return;
        }
        std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
}

void engine::fork_parent()
{
    section_guard held(section_);
    settle();
    wake_another();
}

int engine::fork_child()
{
    section_guard held(section_);
    const int error = driver_->reopen();
    if (!error)
        settle();
    return error;
}

void engine::before_fork() noexcept
{
    section_.lock_mutex();
    driver_->keep_completed();
    lost_handlers_ = 0;
    for (list_hook* h = all_runners_.after; h != &all_runners_; h = h->after)
        lost_handlers_ += static_cast<runner*>(h)->unfinished_;
    for (const runner* r = runner::innermost; r; r = r->up_)
        if (&r->engine_ == this)
            lost_handlers_ -= r->unfinished_;
}

/// In the child nobody else is inside, and what others had begun will not be finished. Nothing of theirs
/// is touched, their stacks may be gone.
void engine::after_fork(bool in_child) noexcept
{
    if (in_child)
    {
        driver_->let_go();
        all_runners_.before = all_runners_.after = &all_runners_;
        runners_ = 0;
        for (runner* r = runner::innermost; r; r = r->up_)
            if (&r->engine_ == this)
            {
                r->before = r->after = r;
                r->link_before(all_runners_);
                runners_ += r->outermost_;
            }
        count_work(-static_cast<std::int64_t>(lost_handlers_));
        if (followers_) // an object that they wait on cannot be destroyed
            ::new (&followers_wake_) std::condition_variable_any;
        followers_ = 0;
        leader_ = false;
        mailbox_.rouse();
        park_ = park::undecided;
    }
    section_.unlock();
}

} // namespace proactor::detail
