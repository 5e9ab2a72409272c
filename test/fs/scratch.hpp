// A directory to make files in, and operations whose results are waited for.
#pragma once

#include "../support/context.hpp"
#include "../support/handles.hpp"
#include "../support/skip.hpp"

#include <proactor/fs.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <tuple>
#include <utility>
#include <vector>

namespace test {

namespace fs = proactor::fs;

/// A directory in the working directory, which goes with all that is in it.
class scratch
{
public:
    scratch()
    {
        std::string name = (std::filesystem::current_path() / "proactor-fs-XXXXXX").string();
        if (!::mkdtemp(name.data()))
            throw std::system_error(errno, std::generic_category(), "mkdtemp");
        root_ = name;
    }
    ~scratch() { std::filesystem::remove_all(root_); }
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;

    std::string path(std::string_view name = {}) const { return root_ + '/' + std::string(name); }

    std::string make(std::string_view name, std::string_view content = {}) const
    {
        std::ofstream(path(name), std::ios::binary) << content;
        return path(name);
    }

    std::string content(std::string_view name) const
    {
        std::ifstream file(path(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    bool has(std::string_view name) const
    {
        return std::filesystem::symlink_status(path(name)).type()
            != std::filesystem::file_type::not_found;
    }

    /// In order.
    std::vector<std::string> names() const
    {
        std::vector<std::string> all;
        for (const auto& entry : std::filesystem::directory_iterator(root_))
            all.push_back(entry.path().filename());
        std::sort(all.begin(), all.end());
        return all;
    }

    unsigned mode(std::string_view name) const
    {
        struct stat s;
        checked(::stat(path(name).c_str(), &s), "stat");
        return s.st_mode & 07777;
    }

private:
    std::string root_;
};

/// The results, of these types, of an operation that `start(handler)` starts.
template <typename... Results, typename Start>
std::tuple<Results...> results_of(context& ctx, Start start)
{
    std::optional<std::tuple<Results...>> results;
    start([&](Results... r) { results.emplace(std::move(r)...); });
    if (results)
        throw std::logic_error("an operation has completed inside its own start");
    run(ctx);
    return std::move(results.value());
}

/// The code that an operation ends with, checked to be the system's; 0 is success.
template <typename... Others, typename Start>
int error_of(context& ctx, Start start)
{
    const auto ec = std::get<0>(results_of<error_code, Others...>(ctx, start));
    BOOST_TEST((!ec || ec.category() == boost::system::system_category()));
    return ec.value();
}

} // namespace test
