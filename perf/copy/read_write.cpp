// Copies by reads and writes, some at a time, each with a buffer that goes from one to the other.
#include "workload.hpp"

#include "support/context.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace {

using file = proactor::basic_random_access_file<perf::executor>;
using buffer = std::vector<char>;

constexpr std::size_t lanes = 4;
constexpr std::size_t part = std::size_t{256} * 1024;

struct transfer
{
    std::uint64_t size;
    file* from = nullptr;
    file* to = nullptr;
    std::uint64_t next = 0;
    std::uint64_t copied = 0;
};

class lane
{
public:
    explicit lane(transfer& t) : transfer_(t) {}

    void read()
    {
        position_ = transfer_.next;
        if (position_ == transfer_.size)
            return;
        transfer_.next += part;
        proactor::async_read_at(*transfer_.from, position_, std::move(buffer_),
                                [this](perf::error_code ec, std::size_t, buffer b) {
                                    perf::check(!ec, "a read failed");
                                    write(std::move(b));
                                });
    }

private:
    void write(buffer b)
    {
        proactor::async_write_at(*transfer_.to, position_, std::move(b),
                                 [this](perf::error_code ec, std::size_t bytes, buffer back) {
                                     perf::check(!ec, "a write failed");
                                     transfer_.copied += bytes;
                                     buffer_ = std::move(back);
                                     read();
                                 });
    }

    transfer& transfer_;
    buffer buffer_ = buffer(part);
    std::uint64_t position_ = 0;
};

void copy(const perf::assignment& a)
{
    perf::copies work(a);
    perf::context ctx;
    transfer t{work.size()};
    std::deque<lane> all; // with their buffers, which are allocated once
    for (std::size_t i = 0; i < lanes; ++i)
        all.emplace_back(t);
    work.measure([&] {
        file from(ctx, work.source(), file::read_only);
        file to(ctx, work.target(), file::write_only | file::create | file::exclusive);
        t = {work.size(), &from, &to};
        for (lane& each : all)
            each.read();
        ctx.restart();
        ctx.run();
        perf::check(t.copied == t.size, "the file was not copied");
    });
}

} // namespace

int main(int argc, char** argv)
{
    return perf::run_program(argc, argv, copy);
}
