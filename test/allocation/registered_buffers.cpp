// Registered buffers move through reads and back without the heap.
#include "steady_state.hpp"

#if !PROACTOR_TEST_ORACLE

#include "../support/handles.hpp"

#include <string>
#include <utility>

namespace {

using proactor::registered_buffer;

struct reader
{
    proactor::random_access_file& file;
    proactor::registered_buffers& buffers;
    bool kept; ///< one buffer all the time, or a new one for each read
    std::size_t bytes = 0;
    int left = 0;

    void next(registered_buffer b)
    {
        proactor::async_read_at(file, static_cast<std::uint64_t>(left % 16) * 4096, std::move(b),
                                [this](test::error_code, std::size_t n, registered_buffer back) {
                                    bytes += n;
                                    if (--left > 0)
                                        next(kept ? std::move(back) : buffers.acquire());
                                });
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(registered)

BOOST_AUTO_TEST_CASE(reads)
{
    test::context ctx;
    test::temporary_file const name;
    test::write_all(name.file(), std::string(16 * 4096, 'r'));
    proactor::random_access_file file(ctx, name.path(), proactor::file_base::read_only);
    proactor::registered_buffers buffers(ctx, 4, 4096);
    for (bool const kept : {true, false})
    {
        reader r{file, buffers, kept};
        auto const count = test::allocations_when_warm([&] {
            r.left = 500;
            r.next(buffers.acquire());
            r.next(buffers.acquire());
            test::run(ctx);
        });
        BOOST_TEST(r.bytes >= 3u * 500 * 4096);
        BOOST_TEST(buffers.available() == 4u);
        PROACTOR_TEST_NO_ALLOCATIONS(count);
    }
}

BOOST_AUTO_TEST_SUITE_END()

#endif
