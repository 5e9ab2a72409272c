#pragma once

#include "../support/connection.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace test {

using proactor::buffer_pool;
using proactor::pooled_buffer;

inline std::string text_of(pooled_buffer const& b)
{
    return {reinterpret_cast<char const*>(b.data()), b.size()};
}

/// What an operation with a pool completed with.
struct pooled_completion
{
    int calls = 0;
    error_code ec;
    pooled_buffer buffer;

    /// A handler that stores here.
    auto handler()
    {
        return [this](error_code e, pooled_buffer b) {
            ++calls;
            ec = e;
            buffer = std::move(b);
        };
    }

    std::string text() const { return text_of(buffer); }
};

} // namespace test
