#include "runtime/options/option_table.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "runtime/options/config_file.h"
#include "runtime/options/spelling.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

using nlohmann::json;

constexpr const char* kConfigKey = "config";
constexpr const char* kRecipeKey = "recipe";
constexpr const char* kListRecipes = "list";
constexpr const char* kSeeHelp = "see --help for all options";

std::string meaning_of(const Option& option) {
  const bool is_flag = option.arity() == OptionValue::Arity::kFlag;
  return concat("give ", option.flag(), is_flag ? "" : " " + option.placeholder(), ": ", option.help());
}

/// Without the program's name.
std::vector<std::string> words_of(int argc, const char* const* argv) {
  return {argv + std::min(argc, 1), argv + argc};
}

/// The last value of `name`; nothing where it is not set.
std::optional<std::string> last_text(const std::vector<RawSetting>& settings, const std::string& name) {
  std::optional<std::string> text;
  for (const RawSetting& setting : settings)
    if (option_key(setting.name) == name && !setting.is_null && !setting.texts.empty()) text = setting.texts.back();
  return text;
}

}  // namespace

OptionTable::OptionTable(std::string program, std::string description, std::string version)
    : page_{std::move(program), std::move(description), {}}, version_(std::move(version)) {}

OptionTable& OptionTable::group(std::string title) {
  group_ = std::move(title);
  return *this;
}

Option& OptionTable::add_bound(const std::string& names, std::string help, std::unique_ptr<OptionValue> value) {
  auto option = std::make_unique<Option>(names, group_, std::move(help), std::move(value));
  for (const std::string& name : option->names())
    if (find(name) != nullptr || name == "--help" || name == "-h" || name == "--version")
      throw Error(concat("two options are called ", name));
  options_.push_back(std::move(option));
  return *options_.back();
}

OptionTable& OptionTable::accept_config_file() {
  group("Configuration");
  config_file_ = std::make_unique<std::optional<std::filesystem::path>>();
  add("--config", *config_file_, "YAML file of options, `name: value` each; flags win over it")
      .unit("FILE")
      .not_compared();
  return *this;
}

OptionTable& OptionTable::accept_recipes(RecipeBook book) {
  book_ = std::move(book);
  recipe_ = std::make_unique<std::string>();
  add("--recipe", *recipe_, book_.help).unit("NAME|FILE").not_compared();
  return *this;
}

OptionTable& OptionTable::examples(std::string lines) {
  page_.examples = std::move(lines);
  return *this;
}

OptionTable& OptionTable::argument(std::string placeholder, std::string& variable, std::string help, bool is_required) {
  page_.arguments.push_back({is_required ? placeholder : "[" + placeholder + "]", std::move(help)});
  arguments_.push_back({std::move(placeholder), &variable, is_required});
  return *this;
}

OptionTable& OptionTable::rest(std::string placeholder, std::vector<std::string>& variable, std::string help) {
  page_.arguments.push_back({std::move(placeholder), std::move(help)});
  rest_ = &variable;
  return *this;
}

ParseResult OptionTable::parse(int argc, const char* const* argv) {
  return parse(words_of(argc, argv));
}

ParseResult OptionTable::parse(const std::vector<std::string>& words) {
  const auto plain = rest_ != nullptr && arguments_.empty() ? PlainArguments::kEndOptions : PlainArguments::kAnywhere;
  const CommandLine line = read_command_line(options_, words, plain);
  if (line.help) return {ParseResult::Action::kPrint, help()};
  if (line.version) return {ParseResult::Action::kPrint, concat(page_.program, " ", version_, "\n")};
  if (recipe_ && last_text(line.settings, kRecipeKey) == kListRecipes) return {ParseResult::Action::kPrint, book_.listing()};
  origins_.clear();
  const std::optional<std::string> config_file = config_file_ ? last_text(line.settings, kConfigKey) : std::nullopt;
  const std::vector<RawSetting> config = config_file ? read_config_file(*config_file) : std::vector<RawSetting>();
  if (recipe_) apply_recipe(line, config);
  apply_file(config, OptionLayer::kConfigFile);
  apply_command_line(line);
  apply_arguments(line.arguments);
  require_all();
  return {};
}

bool OptionTable::parse_or_print(int argc, const char* const* argv, std::ostream& out) {
  return parse_or_print(words_of(argc, argv), out);
}

bool OptionTable::parse_or_print(const std::vector<std::string>& words, std::ostream& out) {
  const ParseResult result = parse(words);
  out << result.text;
  return result.action == ParseResult::Action::kRun;
}

void OptionTable::apply_recipe(const CommandLine& line, const std::vector<RawSetting>& config) {
  std::optional<std::string> name = last_text(line.settings, kRecipeKey);
  if (!name) name = last_text(config, kRecipeKey);
  recipe_file_ = name && !name->empty() ? book_.find(*name) : std::filesystem::path();
  if (!recipe_file_.empty()) apply_file(read_config_file(recipe_file_), OptionLayer::kRecipe);
}

/// Options that say which files to read.
bool OptionTable::chooses_files(const Option& option) const {
  return (config_file_ && option.key() == kConfigKey) || (recipe_ && option.key() == kRecipeKey);
}

void OptionTable::apply_file(const std::vector<RawSetting>& settings, OptionLayer layer) {
  for (const RawSetting& setting : settings) {
    Option* option = setting.name.starts_with('-') ? nullptr : find(setting.name);
    const bool names_recipe = option != nullptr && option->key() == kRecipeKey && layer == OptionLayer::kConfigFile;
    if (option == nullptr || (chooses_files(*option) && !names_recipe)) refuse_unknown_key(setting);
    if (this->layer(option->key()) == layer)
      throw ConfigError(concat(setting.name_place, ": ", setting.name, " is already set at ", origin(option->key())),
                        "keep one of the two");
    apply_setting(setting, *option);
    record_origin(*option, setting.value_place, layer);
  }
}

void OptionTable::apply_setting(const RawSetting& setting, Option& option) {
  try {
    if (setting.is_sequence && option.arity() != OptionValue::Arity::kMany) throw BadValue("takes one value, not a list");
    if (setting.is_null)
      option.assign_null();
    else
      option.assign(setting.texts);
  } catch (const BadValue& error) {
    throw ConfigError(concat(setting.value_place, ": ", setting.name, ": ", error.what()), meaning_of(option));
  }
}

void OptionTable::refuse_unknown_key(const RawSetting& setting) const {
  std::vector<std::string> keys;
  for (const auto& option : options_)
    for (const std::string& name : option->names())
      if (name.starts_with("--") && !chooses_files(*option)) keys.push_back(option_key(name));
  throw ConfigError(
      concat(setting.name_place, ": unknown option '", setting.name, "'", did_you_mean(option_key(setting.name), keys)),
      kSeeHelp);
}

void OptionTable::apply_command_line(const CommandLine& line) {
  for (const RawSetting& setting : line.settings) {
    Option* option = find(setting.name);
    try {
      // A file's value may be taken back; otherwise it is a script's variable that is not set.
      if (origin(option->key()) == kDefault && std::ranges::count(setting.texts, "") > 0) throw BadValue("an empty value");
      option->assign(setting.texts);
    } catch (const BadValue& error) {
      throw UsageError(concat(setting.name, ": ", error.what()), meaning_of(*option));
    }
    record_origin(*option, kCommandLine, OptionLayer::kCommandLine);
  }
}

void OptionTable::apply_arguments(std::vector<std::string> arguments) {
  auto next = arguments.begin();
  for (const Argument& argument : arguments_) {
    if (next != arguments.end())
      *argument.variable = *next++;
    else if (argument.is_required)
      throw UsageError(concat(argument.placeholder, " is missing"), kSeeHelp);
  }
  if (rest_ != nullptr)
    rest_->assign(next, arguments.end());
  else if (next != arguments.end())
    throw UsageError(concat("unexpected argument '", *next, "'"), kSeeHelp);
}

void OptionTable::require_all() const {
  for (const auto& option : options_)
    if (option->is_required() && origin(option->key()) == kDefault)
      throw UsageError(concat(option->flag(), " is required: ", option->help()),
                       concat("add ", option->flag(), " ", option->placeholder()));
}

void OptionTable::record_origin(const Option& option, std::string place, OptionLayer layer) {
  std::erase_if(origins_, [&](const Origin& origin) { return origin.key == option.key(); });
  origins_.push_back({option.key(), std::move(place), layer});
}

Option* OptionTable::find(const std::string& name) const {
  for (const auto& option : options_)
    if (option->answers_to(name)) return option.get();
  return nullptr;
}

json OptionTable::values() const {
  json result = json::object();
  for (const auto& option : options_)
    if (option->key() != kConfigKey || !config_file_) result[option->key()] = option->current();
  return result;
}

json OptionTable::compared_values() const {
  json result = json::object();
  for (const auto& option : options_)
    if (option->is_compared()) result[option->key()] = option->current();
  return result;
}

const Option& OptionTable::option(const std::string& key) const {
  const Option* found = find(key);
  if (found == nullptr) throw Error(concat("no option is called ", key));
  return *found;
}

std::string OptionTable::origin(const std::string& key) const {
  for (const Origin& origin : origins_)
    if (origin.key == key) return origin.place;
  return kDefault;
}

OptionLayer OptionTable::layer(const std::string& key) const {
  for (const Origin& origin : origins_)
    if (origin.key == key) return origin.layer;
  return OptionLayer::kDefault;
}

void OptionTable::restore_default(const std::string& key, const std::string& by) {
  Option* const found = find(key);
  if (found == nullptr) throw Error(concat("no option is called ", key));
  found->restore_default();
  record_origin(*found, origin(by), layer(by));
}

std::string OptionTable::help() const {
  return help_text(page_, options_);
}

}  // namespace skein
