#ifndef PROACTOR_TEST_SUPPORT_RECORDING_DRIVER_HPP
#define PROACTOR_TEST_SUPPORT_RECORDING_DRIVER_HPP

#include <proactor/driver.hpp>

#include <atomic>
#include <cerrno>
#include <deque>
#include <map>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace test {

/// Notes what is asked of another driver and what comes of it, and changes nothing. The other driver
/// gets operations of this one's own, so that it has the same contract with this one as any.
class recording_driver final : public proactor::driver
{
public:
    explicit recording_driver(std::unique_ptr<proactor::driver> other) : other_(std::move(other))
    {
        passes_sources_on_ = true;
    }

    struct entry
    {
        enum class kind
        {
            started,
            stopped,
            item,
            ended
        } what;
        const proactor::operation* op;
        std::size_t request; ///< its place in `request::any`
        proactor::native_handle handle;
        int error;
        std::uint64_t value;
    };

    std::vector<entry> seen; ///< in order

    const char* name() const noexcept override { return other_->name(); }
    proactor::means serves(const proactor::request::any& r) const noexcept override
    {
        return other_->serves(r);
    }
    bool completes_on_submitter() const noexcept override
    {
        return other_->completes_on_submitter();
    }
    bool unflushed() const noexcept override { return other_->unflushed(); }
    void flush() override
    {
        other_->flush();
        count();
    }
    void adopt(proactor::buffer_source& s) override { other_->adopt(s); }
    void release(proactor::buffer_source& s) override { other_->release(s); }
    bool end_calls() override { return other_->end_calls(); }
    void keep_completed() noexcept override { other_->keep_completed(); }
    void let_go() override { other_->let_go(); }
    int reopen() override { return other_->reopen(); }
    bool ready() const noexcept override { return other_->ready(); }
    void wake() noexcept override
    {
        wakes_.fetch_add(1);
        other_->wake();
    }
    void thread_begin() override { other_->thread_begin(); }
    void thread_end() noexcept override { other_->thread_end(); }

protected:
    void start(proactor::operation& op) override
    {
        shadow& s = make_shadow(op);
        note(entry::kind::started, op);
        other_->submit(s, others(*op.attached), op.lane);
        ++counters_.submissions;
    }

    void stop(proactor::operation& op) override
    {
        note(entry::kind::stopped, op);
        other_->cancel(shadow_of(op));
    }

    void collect(bool enter) override
    {
        if (!enter)
            return;
        proactor::operation_queue completed;
        other_->reap(completed);
        end(completed);
    }

    void sleep(clock::time_point deadline, proactor::detail::section* held) override
    {
        asleep_.store(true);
        proactor::operation_queue completed;
        other_->wait(deadline, completed, held);
        asleep_.store(false);
        end(completed);
    }

    void forget(proactor::attachment& a) noexcept override
    {
        if (const auto found = attachments_.find(&a); found != attachments_.end())
        {
            other_->detach(*found->second);
            attachments_.erase(found);
        }
    }

    bool released(const proactor::attachment& a) const noexcept override
    {
        return !a.busy() && !asleep_.load();
    }

private:
    /// What the other driver gets in the place of an operation.
    struct shadow final : proactor::multishot_operation
    {
        shadow() : multishot_operation(nullptr, &shadow::pass_on) {}

        static void pass_on(multishot_operation& self, std::uint64_t value)
        {
            auto& s = static_cast<shadow&>(self);
            s.owner->note(entry::kind::item, *s.original, 0, value);
            s.enough = s.owner->pass_on(*s.original, value);
        }

        recording_driver* owner = nullptr;
        proactor::operation* original = nullptr;
    };

    /// A connection goes from what the other driver keeps to what this one does. True: it was enough.
    bool pass_on(proactor::operation& op, std::uint64_t value)
    {
        auto& to = static_cast<proactor::multishot_operation&>(op);
        if (!proactor::request::accepts_many(op.request))
            to.item(value);
        else
            keep(op, other_->take_kept(others(*op.attached)));
        return has_enough(op);
    }

    shadow& make_shadow(proactor::operation& op)
    {
        shadow* s = free_.empty() ? &shadows_.emplace_back() : free_.back();
        if (!free_.empty())
            free_.pop_back();
        s->owner = this;
        s->original = &op;
        s->request = op.request;
        s->enough = has_enough(op);
        ::new (static_cast<void*>(op.scratch)) shadow*(s);
        return *s;
    }

    static shadow& shadow_of(proactor::operation& op)
    {
        return **std::launder(reinterpret_cast<shadow**>(op.scratch));
    }

    proactor::attachment& others(proactor::attachment& a)
    {
        proactor::attachment*& o = attachments_[&a];
        if (!o)
            o = &other_->attach(a.handle());
        return *o;
    }

    void end(proactor::operation_queue& completed)
    {
        count();
        while (proactor::operation* given = completed.pop())
        {
            auto& s = static_cast<shadow&>(*given);
            other_->deliver(s);
            proactor::operation& op = *s.original;
            proactor::outcome o = s.outcome;
            // A connection that came too late is this driver's to keep.
            if (o.error == ECANCELED && op.cancel_requested
                && proactor::request::accepts_one(op.request))
                if (const auto late = other_->take_kept(others(*op.attached));
                    late != proactor::invalid_handle)
                    o = {.value = static_cast<std::uint64_t>(late)};
            op.immediate = s.immediate;
            note(entry::kind::ended, op, o.error, o.value);
            free_.push_back(&s);
            finish(op, o.error, o.value, o.flags);
        }
    }

    void note(typename entry::kind what, const proactor::operation& op, int error = 0,
              std::uint64_t value = 0)
    {
        seen.push_back({what, &op, op.request.index(), op.attached->handle(), error, value});
    }

    void count()
    {
        const auto c = other_->counters();
        counters_.system_calls = c.system_calls;
        counters_.sleeps = c.sleeps;
        counters_.resubmitted = c.resubmitted;
    }

    std::unique_ptr<proactor::driver> other_;
    std::map<proactor::attachment*, proactor::attachment*> attachments_;
    std::deque<shadow> shadows_;
    std::vector<shadow*> free_;
    std::atomic<bool> asleep_{false};
};

} // namespace test

#endif
