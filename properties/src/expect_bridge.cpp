#include "cocheck/expect_bridge.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "cocheck/detail/harness_scope.hpp"
#include "cocheck/loop.hpp"
#include "cocheck/world.hpp"

namespace cocheck {

namespace {

/// More different texts come only from a search that does not stop at a failure.
constexpr std::size_t kExpectationsKept = 64;
constexpr std::size_t kOutsideKept = 16;

std::string_view trimmed(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
}

/// GoogleTest's paragraph as a sentence: "Expected equality of these values: a (which is 1), 2".
std::string in_one_line(std::string_view text) {
  constexpr std::string_view kWhich = "Which is: ";
  std::string sentence;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    if (line.starts_with(kWhich)) {
      sentence += " (which is " + std::string(line.substr(kWhich.size())) + ")";
      continue;
    }
    if (!sentence.empty()) sentence += sentence.ends_with(':') ? " " : ", ";
    sentence += line;
  }
  return sentence;
}

/// The place as people say it: "counter_test.cpp:17".
std::string in_short(const Place& place) {
  return std::filesystem::path(place.file).filename().string() + ":" + std::to_string(place.line);
}

/// Whether nothing can be told any more of the execution that runs in `loop`: it has failed or was
/// cut, and its frames are being destroyed.
bool is_over(const Loop& loop) {
  const auto* world = dynamic_cast<const World*>(&loop);
  return loop.closing() && world != nullptr && (world->failure() || world->cut());
}

}  // namespace

ExpectBridge::ExpectBridge() {
  // GoogleTest makes this thread's stack of traces when it is first asked for, and keeps it: that
  // must not happen inside a model.
  const ::testing::ScopedTrace first(__FILE__, __LINE__, "");
  reporter_.emplace(*this);
}

ExpectBridge::~ExpectBridge() {
  reporter_.reset();
  for (const Expectation& expectation : outside_) {
    ADD_FAILURE_AT(expectation.place.file.c_str(), static_cast<int>(expectation.place.line))
        << expectation.text;
  }
}

void ExpectBridge::report(const ::testing::TestPartResult& result) {
  if (result.passed()) return;
  const detail::HarnessScope harness;
  Expectation expectation;
  if (result.file_name() != nullptr) expectation.place.file = result.file_name();
  expectation.place.line = static_cast<unsigned>(std::max(result.line_number(), 0));
  expectation.text = result.summary();
  Loop* loop = Loop::current_or_null();
  if (loop == nullptr || loop->closing()) {
    if (loop != nullptr && is_over(*loop)) return;
    if (outside_.size() < kOutsideKept) outside_.push_back(std::move(expectation));
    return;
  }
  Failure failure;
  failure.kind = result.skipped() ? FailureKind::misuse : FailureKind::check;
  failure.message = result.skipped() ? "GTEST_SKIP inside a model: skip before the model begins"
                                     : in_one_line(expectation.text);
  if (!expectation.place.file.empty()) {
    failure.message += " [" + in_short(expectation.place) + "]";
  }
  if (expectations_.size() == kExpectationsKept) expectations_.clear();
  expectations_.insert_or_assign(failure.message, std::move(expectation));
  loop->fail(std::move(failure));
}

std::string ExpectBridge::text_of(const Failure& failure) const {
  const auto found = expectations_.find(failure.message);
  if (found == expectations_.end()) return {};
  const auto& [place, text] = found->second;
  return place.file + ":" + std::to_string(place.line) + "\n" + text;
}

void ExpectBridge::set_place(Recording& recording) const {
  for (TraceEvent& event : recording.trace.events) {
    if (event.kind != TraceEvent::Kind::failure) continue;
    const auto found = expectations_.find(event.detail);
    if (found != expectations_.end()) event.place = found->second.place;
  }
}

}  // namespace cocheck
