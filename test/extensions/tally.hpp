// Handlers that are counted: how many are alive, how many were called.
#pragma once

#include <memory>

namespace test {

struct tally
{
    int called = 0;
    int alive = 0;
};

class witness
{
public:
    explicit witness(tally& t)
        : tally_(&t), token_(new int(0), [&t](int* p) {
              --t.alive;
              delete p;
          })
    {
        ++t.alive;
    }

    void operator()(auto&&...) const { ++tally_->called; }

private:
    tally* tally_;
    std::shared_ptr<int> token_;
};

} // namespace test
