// What the command lines of the examples have in common.
#pragma once

#include <charconv>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace example {

// What is wrong with the arguments, in words for their author.
struct bad_arguments : std::invalid_argument
{
    using std::invalid_argument::invalid_argument;

    bad_arguments(std::string_view name, std::string_view what, std::string_view value)
        : std::invalid_argument(std::string(name) + ": " + std::string(what) + ": '"
                                + std::string(value) + "'")
    {
    }
};

// The words of a command line, one after the other.
class words
{
public:
    explicit words(std::vector<std::string_view> const& all) : all_(all) {}

    bool next() { return ++taken_ <= all_.size(); }
    std::string_view word() const { return all_[taken_ - 1]; }

    // The next word, which belongs to the one before it.
    std::string_view value()
    {
        std::string_view const name = word();
        if (!next() || word().empty())
            throw bad_arguments(std::string(name) + ": its value is missing");
        return word();
    }

    template <typename Number>
    Number number(Number least = 0, Number most = std::numeric_limits<Number>::max())
    {
        std::string_view const name = word();
        std::string_view const text = value();
        Number read = 0;
        auto const end = text.data() + text.size();
        auto const [stop, error] = std::from_chars(text.data(), end, read);
        if (error != std::errc() || stop != end || read < least || read > most)
            throw bad_arguments(name, "not such a number", text);
        return read;
    }

    [[noreturn]] void unknown() const
    {
        throw bad_arguments("unknown argument: '" + std::string(word()) + "'");
    }

private:
    std::vector<std::string_view> const& all_;
    std::size_t taken_ = 0;
};

} // namespace example
