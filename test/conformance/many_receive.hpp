#ifndef PROACTOR_TEST_CONFORMANCE_MANY_RECEIVE_HPP
#define PROACTOR_TEST_CONFORMANCE_MANY_RECEIVE_HPP

#include "driver_under_test.hpp"

#include <proactor/buffer_source.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace test {

using proactor::buffer_source;

/// A source of which the test holds a reference.
class source
{
public:
    source(std::size_t count, std::size_t size, proactor::pool_options options)
        : of_(buffer_source::make(count, size, options))
    {
    }
    ~source() { of_->release(); }
    source(const source&) = delete;

    buffer_source& operator*() const { return *of_; }
    buffer_source* operator->() const { return of_; }

private:
    buffer_source* of_;
};

/// What somebody has got.
struct part
{
    std::uint32_t number;
    std::size_t size;
};

inline std::string text_of(const buffer_source& from, part p)
{
    return {static_cast<const char*>(from.data(p.number)), p.size};
}

/// A receive that goes on; what comes is kept.
class many_receive : public proactor::multishot_operation
{
public:
    explicit many_receive(buffer_source& from, std::size_t bound = 1000, bool stream = true)
        : multishot_operation(&end, &item), from_(from), bound_(bound)
    {
        request::receive_pooled r;
        r.source = &from;
        r.stream = stream;
        r.many = true;
        request = r;
    }
    ~many_receive() { give_back(); }

    std::string text() const
    {
        std::string all;
        for (const part& p : parts)
            all += text_of(from_, p);
        return all;
    }
    void give_back()
    {
        for (const part& p : parts)
            from_.give_back(p.number);
        parts.clear();
    }

    std::vector<part> parts;
    int ends = 0;

private:
    static void item(multishot_operation& base, std::uint64_t value)
    {
        auto& self = static_cast<many_receive&>(base);
        self.parts.push_back({request::buffer_of(value), request::bytes_of(value)});
        self.enough = self.parts.size() >= self.bound_;
    }
    static void end(void*, operation& base) { ++static_cast<many_receive&>(base).ends; }

    buffer_source& from_;
    std::size_t bound_;
};

inline bool ends(driver_under_test& d, many_receive& op)
{
    return d.wait_until([&] { return op.ends != 0; }) && op.ends == 1;
}

inline bool comes(driver_under_test& d, many_receive& op, std::string_view text)
{
    return d.wait_until([&] { return op.text().size() >= text.size(); }) && op.text() == text;
}

} // namespace test

#endif
