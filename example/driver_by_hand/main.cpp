// Prints checksum, size and name of files, as cksum(1) does, by positioned reads that a driver
// completes: no Asio, no handlers, and no allocation from the second file on but for names.

#include "command_line.hpp"
#include "file_reader.hpp"

#include <proactor/op.hpp>

#include <exception>
#include <iostream>
#include <system_error>
#include <utility>

namespace {

constexpr int bad_input = 2;

int print_sums(driver_by_hand::command_line const& wanted)
{
    auto opened = proactor::open_driver();
    if (!opened.driver)
        throw std::system_error(opened.error, std::system_category(), opened.reason);
    proactor::op::slab slab(std::move(opened.driver));
    driver_by_hand::file_reader reader(slab, wanted.depth);

    int status = 0;
    for (auto const file : wanted.files)
        try
        {
            auto const sum = reader.read(file);
            std::cout << sum.value() << ' ' << sum.size() << ' ' << file << '\n';
        }
        catch (std::system_error const& error) // of this file: the others have their turns
        {
            std::cerr << "driver_by_hand: " << file << ": " << error.code().message() << '\n';
            status = bad_input;
        }
    if (!std::cout.flush())
        throw std::runtime_error("the output cannot be written");
    return status;
}

} // namespace

int main(int argc, char** argv)
{
    try
    {
        auto const wanted = driver_by_hand::parse_command_line({argv + 1, argv + argc});
        if (!wanted.help)
            return print_sums(wanted);
        std::cout << driver_by_hand::usage;
        return 0;
    }
    catch (driver_by_hand::bad_arguments const& error)
    {
        std::cerr << "driver_by_hand: " << error.what() << '\n' << driver_by_hand::usage;
        return bad_input;
    }
    catch (std::exception const& error)
    {
        std::cerr << "driver_by_hand: " << error.what() << '\n';
        return 1;
    }
}
