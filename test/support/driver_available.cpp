//
// usage: driver_available NAME
//
// Exit status 0: the driver can be opened here. 77: this system cannot have it, and standard output
// says why. 1: it cannot be opened where it should, which is io_uring on Linux 6.1 or newer. 2: usage.
//

#include <proactor/open_driver.hpp>

#include <cstdio>
#include <iostream>
#include <string>
#include <sys/utsname.h>
#include <system_error>

namespace {

bool should_be_there(const std::string& driver)
{
    utsname system{};
    ::uname(&system);
    int major = 0;
    int minor = 0;
    std::sscanf(system.release, "%d.%d", &major, &minor);
    return driver == "io_uring" && (major > 6 || (major == 6 && minor >= 1));
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 2)
    {
        std::cerr << "usage: driver_available NAME\n";
        return 2;
    }
    const std::string name = argv[1];
    const auto opened = proactor::open_driver({.name = name});
    if (opened.driver)
        return 0;
    std::cout << "cannot run: no driver " << name << " here: " << opened.reason << ": "
              << std::generic_category().message(opened.error) << std::endl;
    return should_be_there(name) ? 1 : 77;
}
