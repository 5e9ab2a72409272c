#include "file_reader.hpp"

#include <system_error>
#include <utility>

#include <fcntl.h>

namespace driver_by_hand {

namespace op = proactor::op;

namespace {

constexpr std::size_t chunk_size = 64 * 1024;
constexpr auto for_ever = op::slab::clock::time_point::max();

using chunk_read = op::read_at<std::string>;

} // namespace

file_reader::file_reader(op::slab& slab, std::size_t depth)
    : slab_(slab), buffers_(depth, std::string(chunk_size, '\0')), done_(depth), arrived_(depth),
      room_(depth)
{
}

checksum file_reader::read(std::string_view path)
{
    auto handle = open(path);
    auto const file = slab_.attach(handle.get());
    std::uint64_t asked = 0;
    while (!buffers_.empty())
    {
        ask(file, asked++, std::move(buffers_.back()));
        buffers_.pop_back();
    }

    checksum sum;
    std::error_code failed;
    bool ended = false;
    for (std::uint64_t turn = 0; turn != asked; ++turn)
    {
        auto const place = turn % done_.size();
        while (!arrived_[place])
            await_some();
        arrived_[place] = false;
        auto& chunk = done_[place];
        auto const error = chunk.error();
        auto const size = static_cast<std::size_t>(chunk.value());
        auto buffer = chunk.take<chunk_read>().buffer;
        if (!ended)
            sum.add({buffer.data(), size});
        if (error && !ended)
            failed = error;
        ended |= error || size < chunk_size;
        if (ended) // those behind it come to nothing, and bring their buffers back
            buffers_.push_back(std::move(buffer));
        else
            ask(file, asked++, std::move(buffer));
    }

    slab_.detach(file);
    close(std::move(handle));
    if (failed)
        throw std::system_error(failed);
    return sum;
}

void file_reader::ask(op::source file, std::uint64_t chunk, std::string buffer)
{
    slab_.submit(file, chunk_read{std::move(buffer), chunk * chunk_size, true}, chunk);
}

// Chunks come in any order.
void file_reader::await_some()
{
    for (auto& completion : slab_.wait(for_ever, room_))
    {
        auto const place = completion.token() % done_.size();
        done_[place] = std::move(completion);
        arrived_[place] = true;
    }
}

op::completion file_reader::await_one()
{
    for (;;)
        for (auto& completion : slab_.wait(for_ever, {room_.data(), 1}))
            return std::move(completion);
}

proactor::unique_handle file_reader::open(std::string_view path)
{
    slab_.submit(op::open{std::string(path), O_RDONLY});
    auto opened = await_one();
    if (opened.error())
        throw std::system_error(opened.error());
    return opened.take<op::open>().handle;
}

void file_reader::close(proactor::unique_handle file)
{
    slab_.submit(op::close{std::move(file)});
    await_one(); // all was read: nothing that its device could say now matters
}

} // namespace driver_by_hand
