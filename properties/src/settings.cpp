#include "cocheck/detail/settings.hpp"

#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "cocheck/errors.hpp"

namespace cocheck::detail {

namespace {

constexpr std::string_view kFlagPrefix = "--cocheck_";

/// The number in all of `text`. Throws ValueError with the range.
std::uint64_t parse_number(std::string_view text, std::uint64_t least, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > most) {
    throw ValueError("'" + std::string(text) + "' is not a whole number from " +
                     std::to_string(least) + " to " + std::to_string(most));
  }
  return number;
}

constexpr std::uint64_t kMostJobs = 1'024;
constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kMostMilliseconds = 1'000'000'000'000;

struct Setting {
  std::string_view name;
  void (*apply)(Settings& settings, std::string_view value);
};

constexpr std::array kSettings = {
    Setting{"strategy",
            [](Settings& settings, std::string_view value) {
              settings.options.strategy = parse_strategy(value);
            }},
    Setting{"seed",
            [](Settings& settings, std::string_view value) {
              settings.options.seed = parse_number(value, 0, kMost);
            }},
    Setting{"executions",
            [](Settings& settings, std::string_view value) {
              settings.options.max_executions = parse_number(value, 1, kMost);
            }},
    Setting{"steps",
            [](Settings& settings, std::string_view value) {
              settings.options.max_steps = parse_number(value, 1, kMost);
            }},
    Setting{"time_ms",
            [](Settings& settings, std::string_view value) {
              settings.options.max_time =
                  std::chrono::milliseconds(parse_number(value, 1, kMostMilliseconds));
            }},
    Setting{"step_time_ms",
            [](Settings& settings, std::string_view value) {
              settings.options.step_time =
                  std::chrono::milliseconds(parse_number(value, 0, kMostMilliseconds));
            }},
    Setting{"jobs",
            [](Settings& settings, std::string_view value) {
              settings.options.jobs = parse_number(value, 0, kMostJobs);
            }},
    Setting{"lag", [](Settings& settings,
                      std::string_view value) { settings.options.lag = parse_lag(value); }},
    Setting{"replay",
            [](Settings& settings, std::string_view value) { settings.options.replay = value; }},
    Setting{"out", [](Settings& settings, std::string_view value) { settings.out = value; }},
};

std::string variable_name(const Setting& setting) {
  std::string name = "COCHECK_";
  for (const char c : setting.name) {
    name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

std::string flag_names() {
  std::string names;
  for (const Setting& setting : kSettings) {
    if (!names.empty()) names += ", ";
    names += std::string(kFlagPrefix) + std::string(setting.name) + "=";
  }
  return names;
}

void apply(Settings& settings, const Setting& setting, std::string_view value,
           const std::string& source) {
  try {
    setting.apply(settings, value);
  } catch (const ValueError& error) {
    throw ValueError(source + ": " + error.what());
  }
}

/// The arguments of this process; none where /proc is not there.
std::vector<std::string> command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> arguments;
  for (std::string argument; std::getline(file, argument, '\0');) arguments.push_back(argument);
  return arguments;
}

void apply_flag(Settings& settings, std::string_view argument) {
  const std::size_t equals = std::min(argument.find('='), argument.size());
  const std::string flag(argument.substr(0, equals));
  for (const Setting& setting : kSettings) {
    if (std::string_view(flag).substr(kFlagPrefix.size()) != setting.name) continue;
    if (equals + 1 >= argument.size())
      throw ValueError(flag + ": needs a value, as in " + flag + "=VALUE");
    apply(settings, setting, argument.substr(equals + 1), flag);
    return;
  }
  throw ValueError("there is no flag " + flag + "; there are " + flag_names());
}

}  // namespace

Settings resolve_settings(const Options& in_code) {
  Settings settings;
  settings.options = in_code;
  for (const Setting& setting : kSettings) {
    const std::string variable = variable_name(setting);
    const char* value = std::getenv(variable.c_str());
    if (value != nullptr && *value != '\0') apply(settings, setting, value, variable);
  }
  for (const std::string& argument : command_line()) {
    if (argument.starts_with(kFlagPrefix)) apply_flag(settings, argument);
  }
  return settings;
}

}  // namespace cocheck::detail
