#include "runtime/options/help_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/options/compare_options.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

constexpr std::size_t kHelpColumn = 32;

/// Words of `text` broken into lines that start at `column` and end before `width`; the first line starts
/// where it stands.
std::string wrapped(const std::string& text, std::size_t column, std::size_t width) {
  std::string result;
  std::size_t at = column;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (at > column && at + 1 + word.size() > width) {
      result += "\n" + std::string(column, ' ');
      at = column;
    } else if (at > column) {
      result += ' ';
      ++at;
    }
    result += word;
    at += word.size();
  }
  return result;
}

/// "-b, --batch-size N": short names first.
std::string usage_of(const Option& option) {
  const bool is_flag = option.arity() == OptionValue::Arity::kFlag;
  std::vector<std::string> names;
  for (const std::string& name : option.names()) {
    const std::string shown = is_flag && name.starts_with("--") ? "--[no-]" + name.substr(2) : name;
    if (name.starts_with("--"))
      names.push_back(shown);
    else
      names.insert(names.begin(), shown);
  }
  std::string usage;
  for (const std::string& name : names) usage += (usage.empty() ? "" : ", ") + name;
  return is_flag ? usage : usage + " " + option.placeholder();
}

std::string default_text(const Option& option) {
  const nlohmann::json value = option.default_value();
  if (option.is_required()) return "required";
  if (value.is_boolean()) return value.get<bool>() ? "default: on" : "default: off";
  const bool unset = value.is_null() || ((value.is_string() || value.is_array()) && value.size() == 0) || value == "";
  return unset ? "" : "default: " + option_text(value);
}

std::string description_of(const Option& option) {
  std::string choices;
  for (const std::string& choice : option.allowed()) choices += (choices.empty() ? "" : ", ") + choice;
  std::string notes;
  for (const std::string& note : {choices, option.constraint(), default_text(option)})
    if (!note.empty()) notes += (notes.empty() ? "" : "; ") + note;
  return notes.empty() ? option.help() : concat(option.help(), " [", notes, "]");
}

std::string entry(const std::string& usage, const std::string& description, std::size_t width) {
  std::string line = "  " + usage;
  if (line.size() + 2 > kHelpColumn)
    line += "\n" + std::string(kHelpColumn, ' ');
  else
    line.resize(kHelpColumn, ' ');
  return line + wrapped(description, kHelpColumn, width) + "\n";
}

}  // namespace

std::string help_text(const HelpPage& page, const std::vector<std::unique_ptr<Option>>& options, std::size_t width) {
  std::string text = "Usage: " + page.program + " [options]";
  for (const ArgumentHelp& argument : page.arguments) text += " " + argument.placeholder;
  text += "\n\n" + wrapped(page.description, 0, width) + "\n";
  if (!page.arguments.empty()) text += "\nArguments\n";
  for (const ArgumentHelp& argument : page.arguments) text += entry(argument.placeholder, argument.help, width);
  std::vector<std::string> groups;
  for (const auto& option : options)
    if (std::find(groups.begin(), groups.end(), option->group()) == groups.end()) groups.push_back(option->group());
  for (const std::string& group : groups) {
    text += "\n" + group + "\n";
    for (const auto& option : options)
      if (option->group() == group) text += entry(usage_of(*option), description_of(*option), width);
  }
  text += "\nOther\n" + entry("-h, --help", "print this page", width) + entry("--version", "print the version", width);
  return page.examples.empty() ? text : text + "\n" + page.examples;
}

}  // namespace skein
