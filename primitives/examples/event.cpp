// Workers wait until the configuration is there, whether they come before it or after.

#include "cocheck/event.hpp"

#include <chrono>
#include <iostream>
#include <string>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"

namespace {

using namespace std::chrono_literals;

cocheck::Task<> load(std::string& configuration, cocheck::Event& loaded) {
  co_await cocheck::sleep(0s);
  configuration = "port 80";
  loaded.set();
}

cocheck::Task<> work(const std::string& configuration, cocheck::Event& loaded) {
  co_await loaded.wait();
  COCHECK(configuration == "port 80");
}

cocheck::Task<> model() {
  std::string configuration;
  cocheck::Event loaded;
  co_await cocheck::gather(work(configuration, loaded), load(configuration, loaded),
                           work(configuration, loaded));
}

}  // namespace

int main() {
  const cocheck::Verdict verdict = cocheck::explore(model);
  std::cout << verdict.summary() << '\n';
  return verdict.kind == cocheck::Verdict::Kind::proved ? 0 : 1;
}
