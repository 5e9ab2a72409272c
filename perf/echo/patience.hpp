#pragma once

#include "connections.hpp"

#include <stdexcept>

namespace echo {

// Ends a load that nobody answers.
class patience
{
public:
    void check(bool progress, clock::time_point now)
    {
        if (progress)
            last_ = now;
        else if (now - last_ > std::chrono::seconds(5))
            throw std::runtime_error("no reply for 5 s");
    }

private:
    clock::time_point last_ = clock::now();
};

} // namespace echo
