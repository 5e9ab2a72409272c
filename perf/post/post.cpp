#include "post.hpp"

namespace {

void post(const perf::assignment& a)
{
    if (a.variant == "chain")
        perf::post_chain(a);
    else if (a.variant == "cross")
        perf::post_cross(a);
    else
        throw std::invalid_argument("no variant " + a.variant);
}

} // namespace

int main(int argc, char** argv)
{
    return perf::run_program(argc, argv, post);
}
