#include "cocheck/detail/lost_updates.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "symbols.hpp"

namespace cocheck::detail {

namespace {

constexpr std::size_t kWordBytes = 8;

std::uint8_t both(std::uint8_t one, std::uint8_t other) {
  return static_cast<std::uint8_t>(one & other);
}

std::uint8_t without(std::uint8_t bytes, std::uint8_t others) {
  return static_cast<std::uint8_t>(bytes & ~others);
}

std::size_t first_of(std::uint8_t bytes) {
  return static_cast<std::size_t>(std::countr_zero(bytes));
}

/// The name of the variable with static life at an address, as users write it.
std::string variable_at(std::uint64_t address) {
  constexpr std::string_view kUnnamed = "(anonymous namespace)::";
  std::string name = symbol_at(address);
  for (std::size_t at = name.find(kUnnamed); at != std::string::npos; at = name.find(kUnnamed)) {
    name.erase(at, kUnnamed.size());
  }
  return name;
}

}  // namespace

std::uint32_t LostUpdates::number_of(const std::string& task) {
  const auto known = std::find(tasks_.begin(), tasks_.end(), task);
  const auto number = static_cast<std::uint32_t>(known - tasks_.begin());
  if (known == tasks_.end()) tasks_.push_back(task);
  return number;
}

const std::string& LostUpdates::line_of(const void* instruction) {
  const auto [line, is_new] = lines_.try_emplace(instruction);
  if (is_new && instruction != nullptr) line->second = user_line_at(instruction);
  return line->second;
}

/// From now on the last access to `bytes` is one like `access`, by the instruction of each byte.
void LostUpdates::take_over(std::vector<Access>& accesses, std::uint8_t bytes, bool of_all_tasks,
                            Access access, const std::array<const void*, 8>& instructions) {
  for (Access& before : accesses) {
    if (of_all_tasks || before.task == access.task) before.bytes = without(before.bytes, bytes);
  }
  std::erase_if(accesses, [](const Access& before) { return before.bytes == 0; });
  while (bytes != 0) {
    access.instruction = instructions[first_of(bytes)];
    access.bytes = 0;
    for (std::size_t byte = 0; byte < kWordBytes; ++byte) {
      const auto bit = static_cast<std::uint8_t>(1U << byte);
      if ((bytes & bit) != 0 && instructions[byte] == access.instruction)
        access.bytes = static_cast<std::uint8_t>(access.bytes | bit);
    }
    bytes = without(bytes, access.bytes);
    accesses.push_back(access);
  }
}

/// Of what the step wrote without having read it before: what another task had written since the
/// task last read it.
void LostUpdates::find(const AccessLog::Entry& entry, const Word& word, std::uint32_t task,
                       std::vector<Found>& found) {
  const std::uint8_t blindly = without(entry.writes, entry.reads);
  for (const Access& write : word.writes) {
    if (write.task == task) continue;
    for (const Access& read : word.reads) {
      const std::uint8_t lost = both(both(write.bytes, read.bytes), blindly);
      if (lost == 0 || read.task != task || read.step >= write.step) continue;
      const std::size_t byte = first_of(lost);
      const void* overwritten_by = log_.instructions(entry.word).write[byte];
      Found update{{},
                   line_of(read.instruction),
                   read.step,
                   tasks_[write.task],
                   line_of(write.instruction),
                   write.step,
                   line_of(overwritten_by)};
      const bool known =
          !update.read_at.empty() && !update.written_at.empty() && !update.overwritten_at.empty();
      if (!known) continue;
      update.variable = variable_at(entry.word * kWordBytes + byte);
      if (std::find(found.begin(), found.end(), update) == found.end()) {
        found.push_back(std::move(update));
      }
    }
  }
}

std::vector<LostUpdates::Found> LostUpdates::step_ended(const std::string& task, std::size_t step) {
  std::vector<Found> found;
  const Access mine{number_of(task), 0, step, nullptr};
  std::vector<AccessLog::Entry> entries;
  log_.for_each([&](const AccessLog::Entry& entry) {
    if (!AccessLog::noted(entry.word)) entries.push_back(entry);
  });
  std::ranges::sort(entries, {}, &AccessLog::Entry::word);
  for (const AccessLog::Entry& entry : entries) {
    Word& word = words_[entry.word];
    find(entry, word, mine.task, found);
    const AccessLog::Instructions by = log_.instructions(entry.word);
    take_over(word.reads, entry.reads, false, mine, by.read);
    take_over(word.writes, entry.writes, true, mine, by.write);
  }
  for (const ReleasedWords& run : log_.released()) {
    for (std::uint64_t word = run.begin; word < run.end; ++word) words_.erase(word);
  }
  log_.clear();
  return found;
}

}  // namespace cocheck::detail
