// Small random programs over all primitives, run on the machine's real asyncio and on cocheck in
// asyncio's order: the logs are equal, line by line. And cocheck's search in any order sees that
// order. COCHECK_PROGRAMS says how many (default 300 and 2,000).

#include <gtest/gtest.h>
// RapidCheck's GoogleTest glue needs the line above to come first.
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "cocheck/detail/sanitizers.hpp"
#include "cocheck_interpreter.hpp"
#include "program.hpp"
#include "python_process.hpp"

namespace cocheck::differential {
namespace {

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "  " + line + "\n";
  return text;
}

/// How much of the programs could be compared.
struct Statistics {
  std::size_t programs = 0;
  std::size_t whole = 0;
  std::size_t lines = 0;
  std::map<std::string, std::size_t> cut;

  void print(const std::string& version, const Language& language) const {
    std::cout << "compared with asyncio of Python " << version << ": " << programs << " programs, "
              << whole << " to their end, " << lines << " log lines\n";
    if (!language.has_shutdown) std::cout << "  not in this version: Queue.shutdown (3.13)\n";
    if (!language.inline_wait_for) {
      std::cout << "  not compared in this version: wait_for, which runs inline since 3.12\n";
    }
    for (const auto& [change, count] : cut) {
      std::cout << "  " << count << " programs up to where versions differ: " << change << "\n";
    }
  }
};

void set_default_programs(const char* usual) {
  const char* programs = std::getenv("COCHECK_PROGRAMS");
  const std::string parameters =
      "max_success=" + std::string(programs != nullptr ? programs : usual) + " max_size=100";
  setenv("RC_PARAMS", parameters.c_str(), 0);
}

TEST(Differential, LogsEqualThoseOfAsyncio) {
  auto python = PythonProcess::start(COCHECK_ASYNCIO_INTERPRETER);
  if (!python) GTEST_SKIP() << "there is no python3 here to compare with";
  const auto hello = nlohmann::json::parse(
      python->ask(R"({"permits": 1, "queue": 0, "maxsize": 0, "parties": 1, "tasks": []})"));
  const int minor = hello["version"][1].get<int>();
  if (minor < 11) GTEST_SKIP() << "asyncio of Python 3.11 or later is needed to compare with";
  const Language language{minor >= 13, minor >= 12};
  set_default_programs("300");

  Statistics statistics;
  std::string difference;  // of the last program that failed, which is the smallest
  const bool equal = rc::check([&] {
    const auto numbers =
        *rc::gen::resize(120, rc::gen::container<std::vector<std::uint32_t>>(
                                  rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0u, 1000u))));
    const Program program = decode_program(numbers, language);
    const auto expected =
        nlohmann::json::parse(python->ask(program.dump()))["log"].get<std::vector<std::string>>();
    std::vector<std::string> found = run_on_cocheck(program);

    std::size_t comparable = 0;
    while (comparable < expected.size() && expected[comparable][0] != '~') ++comparable;
    const bool whole = comparable == expected.size();
    ++statistics.programs;
    statistics.lines += comparable;
    statistics.whole += whole ? 1u : 0u;
    if (!whole) ++statistics.cut[expected[comparable].substr(1)];

    bool same = whole ? found.size() == expected.size() : found.size() >= comparable;
    for (std::size_t i = 0; same && i < comparable; ++i) same = found[i] == expected[i];
    if (!same) {
      difference = "the logs differ\nprogram: " + program.dump() + "\nasyncio:\n" +
                   joined(expected) + "cocheck:\n" + joined(found);
      RC_FAIL("the logs differ");
    }
  });
  statistics.print("3." + std::to_string(minor), language);
  EXPECT_TRUE(equal) << difference;
}

// What asyncio's loop does must be among what the search in any order sees: else a proof would say
// nothing of production.
TEST(Differential, AnyOrderCoversAsynciosOrder) {
  constexpr std::uint64_t kMaxExecutions = 3'000;
  // With sanitizers each takes ten times as long and more.
  set_default_programs(COCHECK_ADDRESS_SANITIZER ? "300" : "2000");
  std::size_t searched = 0;
  std::string difference;
  const bool covered = rc::check([&] {
    const auto numbers =
        *rc::gen::resize(25, rc::gen::container<std::vector<std::uint32_t>>(
                                 rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0u, 1000u))));
    const Program program = decode_program(numbers, Language{});
    const std::vector<std::string> fifo = run_on_cocheck(program);
    bool found = false;
    const bool complete = run_in_every_order(
        program, kMaxExecutions,
        [&](const std::vector<std::string>& log) { found = found || log == fifo; });
    if (!complete && !found) return;
    ++searched;
    if (!found) {
      difference = "no order gives asyncio's log\nprogram: " + program.dump() +
                   "\nasyncio's order:\n" + joined(fifo);
      RC_FAIL("no order gives asyncio's log");
    }
  });
  std::cout << searched << " programs searched in every order\n";
  EXPECT_TRUE(covered) << difference;
  EXPECT_GT(searched, 0u);
}

}  // namespace
}  // namespace cocheck::differential
