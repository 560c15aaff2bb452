#include "runtime/options/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "runtime/options/spelling.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

/// "-np": CLI11 knows no such names, so it is told "--np" and the words are translated.
bool is_single_dash_long(const std::string& name) {
  return name.size() > 2 && name[0] == '-' && name[1] != '-';
}

/// Every spelling of a name that the command line accepts: dashes and underscores mean the same.
std::vector<std::string> spellings(const std::string& name) {
  const std::string base = is_single_dash_long(name) ? "-" + name : name;
  std::vector<std::string> result{base};
  if (!base.starts_with("--")) return result;
  std::string dashed = base, underscored = base;
  std::replace(dashed.begin() + 2, dashed.end(), '_', '-');
  std::replace(underscored.begin() + 2, underscored.end(), '-', '_');
  for (const std::string& other : {dashed, underscored})
    if (std::find(result.begin(), result.end(), other) == result.end()) result.push_back(other);
  return result;
}

std::vector<std::string> all_spellings(const Option& option) {
  std::vector<std::string> result;
  for (const std::string& name : option.names())
    for (const std::string& spelling : spellings(name))
      if (std::find(result.begin(), result.end(), spelling) == result.end()) result.push_back(spelling);
  return result;
}

std::string join(const std::vector<std::string>& parts) {
  std::string result;
  for (const std::string& part : parts) result += (result.empty() ? "" : ",") + part;
  return result;
}

CLI::Option* add_to(CLI::App& app, const Option& option) {
  std::vector<std::string> names = all_spellings(option);
  if (option.arity() == OptionValue::Arity::kFlag) {
    std::vector<std::string> negations;
    for (const std::string& name : names)
      if (name.starts_with("--"))
        negations.push_back(concat("!--no", name[name.size() - 1] == '_' ? "_" : "-", name.substr(2)));
    names.insert(names.end(), negations.begin(), negations.end());
    return app.add_flag(join(names))->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  CLI::Option* added = app.add_option(join(names))->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  if (option.arity() == OptionValue::Arity::kMany && option.splits_at_commas()) added->delimiter(',');
  return added;
}

void refuse_unknown(const std::vector<std::unique_ptr<Option>>& options, const std::string& word) {
  std::vector<std::string> known{"--help", "--version"};
  for (const auto& option : options) known.insert(known.end(), option->names().begin(), option->names().end());
  const std::string flag = word.substr(0, word.find('='));
  throw UsageError(concat("unknown option ", flag, did_you_mean(flag, known)), "see --help for all options");
}

const Option* option_of(const std::vector<std::unique_ptr<Option>>& options, const std::string& word) {
  const auto found = std::ranges::find_if(options, [&](const auto& option) { return option->answers_to(word); });
  return word.starts_with('-') && found != options.end() ? found->get() : nullptr;
}

bool looks_like_option(const std::string& word) {
  return word.size() > 1 && word[0] == '-' &&
         (std::isalpha(static_cast<unsigned char>(word[1])) != 0 || word[1] == '-');
}

/// Cuts off what follows `--`, which is never an option.
std::vector<std::string> take_verbatim(std::vector<std::string>& words) {
  const auto marker = std::find(words.begin(), words.end(), "--");
  std::vector<std::string> verbatim(marker == words.end() ? marker : marker + 1, words.end());
  words.erase(marker, words.end());
  return verbatim;
}

[[noreturn]] void refuse_missing_value(const Option& option, const std::string& written, const std::string& reason = "") {
  throw UsageError(concat(written, " has no value", reason), concat("write ", option.flag(), " ", option.placeholder()));
}

/// An option that lacks its value must not take the next option for it.
void check_values_follow(const std::vector<std::unique_ptr<Option>>& options, const std::vector<std::string>& words,
                         bool ends_options) {
  for (auto word = words.begin(); word != words.end(); ++word) {
    if (ends_options && !looks_like_option(*word)) return;
    if (const Option* const empty = word->ends_with('=') ? option_of(options, word->substr(0, word->size() - 1)) : nullptr)
      refuse_missing_value(*empty, empty->flag());
    const Option* const option = option_of(options, *word);
    if (option == nullptr || option->arity() == OptionValue::Arity::kFlag) continue;
    const auto value = ++word;
    const bool is_option = value != words.end() && option_of(options, *value) != nullptr;
    if (value != words.end() && !is_option) continue;
    refuse_missing_value(*option, *(value - 1), is_option ? concat(": ", *value, ", which follows, is an option") : "");
  }
}

std::vector<std::string> translated(const std::vector<std::unique_ptr<Option>>& options,
                                    std::vector<std::string> words) {
  for (const auto& option : options)
    for (const std::string& name : option->names())
      if (is_single_dash_long(name)) std::replace(words.begin(), words.end(), name, "-" + name);
  return words;
}

void run_parser(CLI::App& app, std::vector<std::string> words) {
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what(), "see --help for all options");
  }
}

/// Where CLI11 leaves each option's values.
using Parsed = std::map<const Option*, CLI::Option*>;

std::vector<RawSetting> settings_of(const std::vector<std::unique_ptr<Option>>& options, const Parsed& parsed) {
  std::vector<RawSetting> settings;
  for (const auto& option : options) {
    std::vector<std::string> texts = parsed.at(option.get())->results();
    if (texts.empty()) continue;
    // The last one wins, as everywhere, so that a script's defaults can be overridden.
    if (option->arity() != OptionValue::Arity::kMany) texts = {texts.back()};
    settings.push_back({.name = option->flag(), .texts = std::move(texts)});
  }
  return settings;
}

/// The plain arguments when the first one ends the options: a tail of `words`, as it was before any
/// translation.
std::vector<std::string> program_of(const std::vector<std::unique_ptr<Option>>& options,
                                    const std::vector<std::string>& words, std::size_t num_remaining) {
  auto first = words.end() - static_cast<std::ptrdiff_t>(num_remaining);
  if (first != words.end() && *first == "--")
    ++first;
  else if (first != words.end() && looks_like_option(*first))
    refuse_unknown(options, *first);
  return {first, words.end()};
}

}  // namespace

CommandLine read_command_line(const std::vector<std::unique_ptr<Option>>& options, std::vector<std::string> words,
                              PlainArguments plain) {
  const bool ends_options = plain == PlainArguments::kEndOptions;
  const std::vector<std::string> verbatim = ends_options ? std::vector<std::string>() : take_verbatim(words);
  check_values_follow(options, words, ends_options);
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  app.prefix_command(ends_options);
  const CLI::Option* help = app.add_flag("-h,--help");
  const CLI::Option* version = app.add_flag("--version");
  Parsed parsed;
  for (const auto& option : options) parsed[option.get()] = add_to(app, *option);
  run_parser(app, translated(options, words));

  CommandLine result;
  result.help = help->count() > 0;
  result.version = version->count() > 0;
  result.arguments = app.remaining();
  if (ends_options)
    result.arguments = program_of(options, words, result.arguments.size());
  else
    for (const std::string& word : result.arguments)
      if (looks_like_option(word)) refuse_unknown(options, word);
  result.arguments.insert(result.arguments.end(), verbatim.begin(), verbatim.end());
  result.settings = settings_of(options, parsed);
  return result;
}

}  // namespace skein
