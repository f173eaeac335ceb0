// A pool of two connections for three clients. The one given back last is taken first, since it is
// the least likely to have been closed for idleness.

#include "cocheck/lifo_queue.hpp"

#include <array>
#include <chrono>
#include <iostream>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/sleep.hpp"

using namespace cocheck;
using namespace std::chrono_literals;

Task<> share_connections() {
  LifoQueue<std::size_t> pool;
  std::array<bool, 2> in_use{};
  for (std::size_t i = 0; i < in_use.size(); ++i) pool.put_nowait(i);

  const auto request = [&]() -> Task<> {
    const std::size_t connection = co_await pool.get();
    COCHECK(!in_use[connection]);
    in_use[connection] = true;
    co_await sleep(0s);  // the request
    in_use[connection] = false;
    pool.put_nowait(connection);
  };
  co_await gather(request(), request(), request());
  COCHECK(pool.qsize() == in_use.size());
}

int main() {
  const Verdict verdict = explore(share_connections);
  std::cout << verdict.summary() << "\n";
  return verdict.kind == Verdict::Kind::proved ? 0 : 1;
}
