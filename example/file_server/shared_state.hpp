#pragma once

#include "document_root.hpp"
#include "limits.hpp"
#include "transfer_limit.hpp"

#include <proactor.hpp>

#include <cstdint>

namespace file_server {

struct totals
{
    std::uint64_t requests = 0; // answered to the last byte, with whatever status
    std::uint64_t bytes = 0;    // written to sockets, headers included
    std::uint64_t in_place = 0; // of these, of files and without a copy in this process
};

// What all sessions of a server share. One thread runs them, and so there is no lock.
struct shared_state
{
    proactor::io_context& context;
    document_root root;
    limits bounds;
    transfer_limit transfers;
    totals sum;
    bool copies_files;
};

} // namespace file_server
