#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "cocheck/dot.hpp"
#include "cocheck/render.hpp"
#include "cocheck/schedule_file.hpp"
#include "cocheck/schedule_line.hpp"
#include "cocheck/text_table.hpp"
#include "text.hpp"

namespace {

namespace fs = std::filesystem;

constexpr int kBadInput = 2;

/// What a user asked for and cannot have. The message is one line.
class CommandError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// `text` as one word of a POSIX shell, quoted only where that is needed.
std::string shell_word(const std::string& text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./=:,+%@";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string replay_command(const fs::path& file) {
  return "cocheck replay " + shell_word(file.string());
}

// cocheck show. -----------------------------------------------------------------------------------

/// "found by dpor, seed 7, with clock=idle order=any; 12 choices".
std::string how_it_was_found(const cocheck::Schedule& schedule) {
  std::string text = "found by " + (schedule.strategy.empty() ? "an explorer" : schedule.strategy);
  if (schedule.seed != 0) text += ", seed " + std::to_string(schedule.seed);
  if (!schedule.options.empty()) {
    text += ", with";
    for (const auto& [name, value] : schedule.options) text += " " + name + "=" + value;
  }
  return text + "; " + cocheck::detail::count_of(schedule.choices.size(), "choice");
}

void print_line(std::string_view text) {
  std::cout << cocheck::detail::clean(text) << '\n';
}

void print_summary(const cocheck::Recording& recording) {
  const cocheck::Schedule& schedule = recording.schedule;
  if (!schedule.test.empty()) print_line(schedule.test);
  if (!recording.verdict.empty()) print_line(recording.verdict);
  const bool says_more =
      !recording.failure.empty() && recording.verdict.find(recording.failure) == std::string::npos;
  if (says_more) {
    for (const std::string& line : cocheck::detail::lines_of(recording.failure)) {
      print_line("  " + line);
    }
  }
  print_line(how_it_was_found(schedule));
}

void print_instructions(const fs::path& file, const cocheck::Schedule& schedule) {
  std::cout << "replay:   " << replay_command(file) << '\n';
  std::cout << "picture:  cocheck render " << shell_word(file.string()) << '\n';
  std::cout << "schedule: " << cocheck::to_line(schedule) << '\n';
}

int show(const fs::path& file) {
  const cocheck::Recording recording = cocheck::read_recording(file);
  print_summary(recording);
  const std::string table = cocheck::text_table(recording);
  std::cout << '\n' << (table.empty() ? "(the file holds no trace)\n" : table) << '\n';
  print_instructions(file, recording.schedule);
  return EXIT_SUCCESS;
}

// cocheck render. ---------------------------------------------------------------------------------

int render(const fs::path& file, fs::path output) {
  const cocheck::Recording recording = cocheck::read_recording(file);
  if (output.empty()) output = fs::path(file).replace_extension(".svg");
  std::error_code ignored;
  if (fs::equivalent(file, output, ignored)) {
    throw CommandError(output.string() +
                       ": is the schedule itself; name another file with --output");
  }
  const std::string dot = cocheck::to_dot(recording, {replay_command(file)});
  const std::string extension = output.extension().string();
  const bool is_picture = extension == ".svg" || extension == ".png" || extension == ".pdf";
  if (is_picture && !cocheck::can_render()) {
    const fs::path source = fs::path(output).replace_extension(".dot");
    cocheck::render(dot, source);
    throw CommandError("dot is not installed: wrote " + source.string() +
                       "; install the package graphviz and run: dot -T" + extension.substr(1) +
                       " -o " + shell_word(output.string()) + " " + shell_word(source.string()));
  }
  cocheck::render(dot, output);
  std::cout << "wrote " << output.string() << '\n';
  return EXIT_SUCCESS;
}

// cocheck replay. ---------------------------------------------------------------------------------

void expect_executable(const fs::path& program) {
  std::error_code ignored;
  const fs::file_status status = fs::status(program, ignored);
  if (!fs::exists(status)) {
    throw CommandError("the program " + program.string() +
                       " does not exist; build it, or name it with --program PATH");
  }
  if (!fs::is_regular_file(status) || ::access(program.c_str(), X_OK) != 0) {
    throw CommandError("the program " + program.string() +
                       " is not executable; name another one with --program PATH");
  }
}

/// Becomes the program that recorded the schedule, so that its exit code is ours.
int replay(const fs::path& file, const std::string& program_option) {
  const cocheck::Recording recording = cocheck::read_recording(file);
  const cocheck::Schedule& schedule = recording.schedule;
  const std::string& program = program_option.empty() ? schedule.program : program_option;
  if (program.empty()) {
    throw CommandError(file.string() +
                       ": does not say which program recorded it; name it with --program PATH");
  }
  if (schedule.test.empty()) {
    throw CommandError(file.string() + ": does not say which test recorded it; record it again");
  }
  const fs::path path = fs::absolute(program);
  expect_executable(path);
  const std::string absolute_file = fs::absolute(file).string();
  if (::setenv("COCHECK_REPLAY", absolute_file.c_str(), 1) != 0) {
    throw CommandError("cannot set COCHECK_REPLAY: " + std::generic_category().message(errno));
  }
  std::vector<std::string> words = {path.string(), "--gtest_filter=" + schedule.test};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::cout.flush();
  ::execv(path.c_str(), arguments.data());
  throw CommandError("cannot run " + path.string() + ": " + std::generic_category().message(errno));
}

// -------------------------------------------------------------------------------------------------

struct Arguments {
  std::string file;
  std::string output;
  std::string program;
};

void describe(CLI::App& app, Arguments& arguments) {
  app.set_version_flag("--version", "cocheck " COCHECK_VERSION);
  app.require_subcommand(1);
  CLI::App* const show_command =
      app.add_subcommand("show", "print what happened, as a table, and how to replay it");
  CLI::App* const render_command = app.add_subcommand("render", "draw what happened");
  CLI::App* const replay_command =
      app.add_subcommand("replay", "run the test again that recorded the schedule, the same way");
  for (CLI::App* const command : {show_command, render_command, replay_command}) {
    command->add_option("FILE", arguments.file, "a schedule file")->required();
  }
  render_command->add_option("-o,--output", arguments.output,
                             "the picture: .svg, .png, .pdf or .dot (FILE with .svg)");
  replay_command->add_option("--program", arguments.program,
                             "the test program, when it is not where it was");
}

int run(const CLI::App& app, const Arguments& arguments) {
  if (app.got_subcommand("show")) return show(arguments.file);
  if (app.got_subcommand("render")) return render(arguments.file, arguments.output);
  return replay(arguments.file, arguments.program);
}

int fail(std::string_view message) {
  std::cerr << "cocheck: " << cocheck::detail::clean(message) << '\n';
  return kBadInput;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    CLI::App app("Shows, draws and replays the schedules that cocheck recorded.", "cocheck");
    Arguments arguments;
    describe(app, arguments);
    try {
      app.parse(argc, argv);
    } catch (const CLI::Success& success) {
      return app.exit(success);
    } catch (const CLI::ParseError& error) {
      return fail(std::string(error.what()) + " (cocheck --help tells the usage)");
    }
    const int code = run(app, arguments);
    std::cout.flush();
    return std::cout.good() ? code : fail("cannot write to the standard output");
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}
