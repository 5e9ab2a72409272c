// The example of <proactor/op.hpp>, line by line.
#include <proactor/op.hpp>

#include "slab_under_test.hpp"

BOOST_AUTO_TEST_SUITE(header)

BOOST_AUTO_TEST_CASE(example)
{
    test::temporary_file f;
    test::write_all(f.file(), "Hello");
    const int descriptor = f.file().get();
    std::string text;
    auto opened = proactor::open_driver();
    proactor::op::slab slab(std::move(opened.driver));
    const auto file = slab.attach(descriptor);
    slab.submit(file, proactor::op::read_at{std::string(4096, '\0'), 0}, 7);

    std::array<proactor::op::completion, 16> room;
    for (auto& done : slab.wait(proactor::op::slab::clock::time_point::max(), room))
        if (!done.error())
            text = done.take<proactor::op::read_at<std::string>>().buffer;
    BOOST_TEST(text.substr(0, 6) == std::string("Hello\0", 6));
}

BOOST_AUTO_TEST_SUITE_END()
