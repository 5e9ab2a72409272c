#pragma once

#include "../support/context.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <optional>
#include <utility>

namespace test {

/// What an operation with an owned buffer completed with.
template <typename Buffer>
struct completion
{
    int calls = 0;
    error_code ec;
    std::size_t n = 0;
    std::optional<Buffer> buffer;

    /// A handler that stores here.
    auto handler()
    {
        return [this](error_code e, std::size_t bytes, Buffer b) {
            ++calls;
            ec = e;
            n = bytes;
            buffer.emplace(std::move(b));
        };
    }
};

} // namespace test
