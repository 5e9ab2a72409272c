// Copies within the system, by one call of the library.
#include "workload.hpp"

#include "support/context.hpp"

#include <cstddef>

namespace {

void copy(const perf::assignment& a)
{
    using file = proactor::basic_random_access_file<perf::executor>;
    perf::copies work(a);
    perf::context ctx;
    work.measure([&] {
        file from(ctx, work.source(), file::read_only);
        file to(ctx, work.target(), file::write_only | file::create | file::exclusive);
        proactor::async_copy(ctx, from, to, {}, [&](perf::error_code ec, std::size_t bytes) {
            perf::check(!ec && bytes == work.size(), "the file was not copied");
        });
        from.close(); // the copy does not need them
        to.close();
        ctx.restart();
        ctx.run();
    });
}

} // namespace

int main(int argc, char** argv)
{
    return perf::run_program(argc, argv, copy);
}
