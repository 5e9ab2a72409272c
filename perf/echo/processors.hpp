#pragma once

#include <sched.h>

namespace echo {

// Where the two sides of a measurement run, so that neither takes the other's time.
struct placement
{
    cpu_set_t server_start; // where the server begins
    cpu_set_t server;       // and where it may run: a loop that has one processor never spins
    cpu_set_t client;
    bool apart; // false: this process has one processor, and all sets are that
};

// The first two processors that this process may use.
placement place_both_sides();

// The calling thread from now on, and what it forks.
void run_on(cpu_set_t const& where);

} // namespace echo
