//
// The context under test, the threads that run it, and a connection of its own that tells when what
// was sent before has arrived.
//

#ifndef PROACTOR_TEST_GENERATOR_MACHINE_HPP
#define PROACTOR_TEST_GENERATOR_MACHINE_HPP

#include "objects.hpp"
#include "program.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <thread>
#include <vector>

namespace generator {

class machine
{
protected:
    explicit machine(const program& p) : program_(p) {}
    ~machine() = default;

    void begin()
    {
        context_.emplace();
        for (int i = 0; i < strands; ++i)
            strands_.emplace_back(executor(context_->get_executor()));
        if (!program_.counted) // where a socket's events would be counted
            open_control();
        start_runners();
    }

    void end_machine()
    {
        stop_runners();
        refusing_.reset();
        control_.reset();
        control_peer_.reset();
        strands_.clear();
        context_.reset();
    }

    bool several() const { return program_.runners > 1; }

    void start_runners()
    {
        if (!several())
            return;
        work_.emplace(context_->get_executor());
        for (int i = 0; i < program_.runners; ++i)
            runners_.emplace_back([this] {
                for (;;)
                    try
                    {
                        context_->run();
                        return;
                    }
                    catch (...)
                    {
                    }
            });
    }

    void stop_runners()
    {
        if (runners_.empty())
            return;
        context_->stop();
        for (auto& r : runners_)
            r.join();
        runners_.clear();
        work_.reset();
        context_->restart();
    }

    /// Everything sent over the loopback before is there afterwards.
    void barrier()
    {
        if (!control_)
            return;
        char byte = 0;
        asio::write(*control_, asio::buffer(&byte, 1));
        asio::read(*control_peer_, asio::buffer(&byte, 1));
    }

    std::size_t turn(int mode)
    {
        if (context_->stopped())
            context_->restart();
        try
        {
            switch (mode)
            {
            case 1:
                return context_->poll();
            case 2:
                return context_->run_one_for(std::chrono::microseconds(300));
            case 3:
                return context_->run_for(std::chrono::microseconds(300));
            default:
                return context_->poll_one();
            }
        }
        catch (int value)
        {
            ++thrown_[value];
        }
        catch (const asio::multiple_exceptions&)
        {
            ++thrown_[-1];
        }
        uncounted_ = true;
        return 1;
    }

    const program& program_;
    std::optional<context> context_;
    std::vector<strand> strands_;
    std::map<int, int> thrown_;
    bool uncounted_ = false;
    tcp::endpoint refusing_at_;

private:
    void open_control()
    {
        refusing_.emplace(*context_, tcp::v4());
        refusing_->bind({loopback(), 0});
        refusing_at_ = refusing_->local_endpoint();
        tcp_acceptor acceptor(*context_, {loopback(), 0});
        control_.emplace(*context_);
        control_peer_.emplace(*context_);
        control_->connect(acceptor.local_endpoint());
        acceptor.accept(*control_peer_);
        control_->set_option(tcp::no_delay(true));
    }

    std::optional<tcp_socket> refusing_;
    std::optional<tcp_socket> control_;
    std::optional<tcp_socket> control_peer_;
    std::optional<asio::executor_work_guard<context::executor_type>> work_;
    std::vector<std::thread> runners_;
};

} // namespace generator

#endif
