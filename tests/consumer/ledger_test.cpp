// What README.md shows of one execution for each class, word for word.

#include <cocheck/gtest.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

using cocheck::Task;

Task<> deliver(cocheck::Queue<std::string>& inbox, std::map<std::string, int>& seen, int letters) {
  for (int i = 0; i < letters; ++i) ++seen[co_await inbox.get()];
}

Task<> post(cocheck::Queue<std::string>& inbox, std::string from, int letters) {
  for (int i = 0; i < letters; ++i) co_await inbox.put(from + " " + std::to_string(i));
}

COCHECK_TEST(Ledger, LosesNoLetter, .strategy = cocheck::Strategy::dpor) {
  cocheck::Queue<std::string> north(1);
  cocheck::Queue<std::string> south(1);
  std::map<std::string, int> in_north;
  std::map<std::string, int> in_south;
  std::vector<Task<>> tasks;
  tasks.push_back(post(north, "ann", 3));
  tasks.push_back(deliver(north, in_north, 3));
  tasks.push_back(post(south, "bob", 3));
  tasks.push_back(deliver(south, in_south, 3));
  co_await cocheck::gather(std::move(tasks));
  EXPECT_EQ(in_north.size() + in_south.size(), 6u);
}
