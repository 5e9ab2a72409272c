// Copies a file with many blocks in flight, whose buffers the operations own.

#include "command_line.hpp"
#include "copier.hpp"

#include <proactor.hpp>

#include <exception>
#include <filesystem>
#include <iostream>

namespace {

void copy_file(copy::command_line const& wanted)
{
    proactor::io_context context;
    copy::copier copier(context, wanted);
    copier.start();
    context.run();
    if (!copier.error() && copier.copied() != copier.size())
        throw std::runtime_error(wanted.source.string() + ": it has become shorter");
    if (copier.error())
        throw boost::system::system_error(copier.error(), copier.failed());
    std::filesystem::permissions(wanted.destination,
                                 std::filesystem::status(wanted.source).permissions());
}

// Half a copy is none.
void copy_or_remove(copy::command_line const& wanted)
{
    bool const was_there = std::filesystem::exists(wanted.destination);
    try
    {
        copy_file(wanted);
    }
    catch (copy::bad_arguments const&)
    {
        throw;
    }
    catch (...)
    {
        std::error_code ignored;
        if (!was_there)
            std::filesystem::remove(wanted.destination, ignored);
        throw;
    }
}

} // namespace

int main(int argc, char** argv)
{
    try
    {
        auto const wanted = copy::parse_command_line({argv + 1, argv + argc});
        if (wanted.help)
            std::cout << copy::usage;
        else
            copy_or_remove(wanted);
        return 0;
    }
    catch (copy::bad_arguments const& error)
    {
        std::cerr << "copy: " << error.what() << '\n' << copy::usage;
        return 2;
    }
    catch (std::exception const& error)
    {
        std::cerr << "copy: " << error.what() << '\n';
        return 1;
    }
}
