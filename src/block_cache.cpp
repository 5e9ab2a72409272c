#include <proactor/detail/block_cache.hpp>

#include <proactor/detail/annotations.hpp>
#include <proactor/detail/mailbox.hpp>

#include <array>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace proactor::detail {

namespace {

class thread_cache;

/// Stands before each block.
struct alignas(std::max_align_t) header
{
    thread_cache* owner;    ///< null: too large to be kept
    std::size_t size_class;
    header* next;           ///< while free
};

constexpr std::size_t granule = 64;
constexpr std::size_t classes = 64; // up to 4 KiB
constexpr std::size_t kept_per_class = 1 << 20; // bytes

header* header_of(void* block) noexcept
{
    return static_cast<header*>(block) - 1;
}

header* new_header(std::size_t size)
{
    return static_cast<header*>(::operator new(sizeof(header) + size));
}

class thread_cache
{
public:
    void* allocate(std::size_t size_class)
    {
        if (!free_[size_class].head && returned_.filled())
            take_returned();
        bin& b = free_[size_class];
        header* h = b.head;
        if (h)
        {
            b.head = h->next;
            --b.count;
            annotate_in_use(h + 1, (size_class + 1) * granule);
        }
        else
        {
            h = new_header((size_class + 1) * granule);
            h->owner = this;
            h->size_class = size_class;
        }
        return h + 1;
    }

    void keep(header* h) noexcept
    {
        bin& b = free_[h->size_class];
        const std::size_t size = (h->size_class + 1) * granule;
        if (b.count * size >= kept_per_class)
            return ::operator delete(h);
        annotate_cached(h + 1, size);
        h->next = b.head;
        b.head = h;
        ++b.count;
    }

    /// Another thread's way to free a block of this cache.
    void give_back(header* h) noexcept { returned_.push(*h); }

    void take_returned() noexcept
    {
        intrusive_queue<header> blocks;
        returned_.take(blocks);
        while (header* h = blocks.pop())
            keep(h);
    }

private:
    struct bin
    {
        header* head = nullptr;
        std::size_t count = 0;
    };
    std::array<bin, classes> free_{};
    mailbox<header> returned_;
};

/// Every cache there is; those of ended threads wait for new ones. Never destroyed: blocks may be
/// freed by whatever runs last.
struct registry
{
    std::mutex mutex;
    std::vector<std::unique_ptr<thread_cache>> all;
    std::vector<thread_cache*> idle;

    static registry& get()
    {
        static registry* const only = new registry;
        return *only;
    }

    thread_cache* acquire()
    {
        std::lock_guard held(mutex);
        if (!idle.empty())
        {
            thread_cache* c = idle.back();
            idle.pop_back();
            return c;
        }
        idle.reserve(all.size() + 1); // so that giving back does not throw
        all.push_back(std::make_unique<thread_cache>());
        return all.back().get();
    }

    void release(thread_cache* c) noexcept
    {
        c->take_returned();
        std::lock_guard held(mutex);
        idle.push_back(c);
    }
};

/// Plain pointer beside its guard: reading it needs no check for initialisation. Null after the guard
/// has gone, when destructors of other thread-local objects may still free blocks.
thread_local thread_cache* this_thread = nullptr;
thread_local bool ended = false;

struct thread_guard
{
    ~thread_guard()
    {
        ended = true;
        if (thread_cache* c = std::exchange(this_thread, nullptr))
            registry::get().release(c);
    }
};

thread_cache* cache_of_this_thread()
{
    if (!this_thread && !ended)
    {
        thread_local thread_guard guard;
        (void)guard;
        this_thread = registry::get().acquire();
    }
    return this_thread;
}

} // namespace

void* allocate_block(std::size_t size)
{
    const std::size_t size_class = size ? (size - 1) / granule : 0;
    if (size_class < classes)
        if (thread_cache* c = cache_of_this_thread())
            return c->allocate(size_class);
    if (size > static_cast<std::size_t>(-1) - sizeof(header))
        throw std::bad_alloc();
    header* h = new_header(size);
    h->owner = nullptr;
    return h + 1;
}

void free_block(void* block) noexcept
{
    header* h = header_of(block);
    if (!h->owner)
        ::operator delete(h);
    else if (h->owner == this_thread)
        h->owner->keep(h);
    else
        h->owner->give_back(h);
}

} // namespace proactor::detail
