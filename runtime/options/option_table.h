#pragma once
// One declarative table of a program's options. It drives the command line, the YAML file, --help, run.json
// and what ranks compare, so that these can never disagree.

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/options/command_line.h"
#include "runtime/options/help_text.h"
#include "runtime/options/option.h"

namespace skein {

/// What main() should do after parse(): go on, or print `text` to standard output and return 0.
struct ParseResult {
  enum class Action { kRun, kPrint };
  Action action = Action::kRun;
  std::string text;  ///< the help page or the version line, with its newline
};

/// Where a value comes from, the weaker source first.
enum class OptionLayer { kDefault, kRecipe, kConfigFile, kCommandLine };

/// How a program finds the files that `--recipe NAME` names.
struct RecipeBook {
  /// The file of a name, or of a path. Throws UsageError, naming what there is.
  std::function<std::filesystem::path(const std::string& name)> find;
  /// What `--recipe list` prints.
  std::function<std::string()> listing;
  /// What --help says of it.
  std::string help;
};

/// The options of one program or command, bound to variables that belong to the caller and must outlive the
/// table. What the variables hold when they are added are the defaults. Use from one thread.
///
///   TrainOptions options;
///   OptionTable table("trainer", "Trains an image classifier.", "0.1.0");
///   table.accept_config_file();
///   table.group("Optimizer");
///   table.add("--lr", options.lr, "learning rate").more_than(0);
///   table.add("--epochs,--num_epochs", options.epochs, "passes over the data").at_least(1).unit("EPOCHS");
///   if (!table.parse_or_print(words, std::cout)) return 0;
class OptionTable {
 public:
  OptionTable(std::string program, std::string description, std::string version);

  /// Title over the options added from here on; "Options" before the first call.
  OptionTable& group(std::string title);
  /// Adds an option; see Option for names and refinements. Throws Error when a name is taken.
  template <OptionType T>
  Option& add(const std::string& names, T& variable, std::string help) {
    return add_bound(names, std::move(help), bind_value(variable));
  }
  /// Adds `--config FILE`: a YAML file of options (keys with dashes or underscores). Flags win over it.
  OptionTable& accept_config_file();
  /// Adds `--recipe NAME|FILE`: a YAML file of options over which --config, which may name it too, and flags win.
  OptionTable& accept_recipes(RecipeBook book);
  /// Ends --help, behind an empty line: "Examples\n  ...\n".
  OptionTable& examples(std::string lines);
  /// A plain argument, mandatory or not. Without any, plain arguments are refused.
  OptionTable& argument(std::string placeholder, std::string& variable, std::string help, bool is_required = true);
  /// All plain arguments after those above, from the first one or `--` on, options included: another
  /// program's command line.
  OptionTable& rest(std::string placeholder, std::vector<std::string>& variable, std::string help);

  /// Reads the command line, the recipe and the configuration file, and sets the variables: defaults < recipe < file < flags.
  /// Throws UsageError naming the flag, or ConfigError naming file:line:column; some variables may have been
  /// set by then.
  ParseResult parse(int argc, const char* const* argv);
  /// The same for words without the program's name.
  ParseResult parse(const std::vector<std::string>& words);
  /// parse(), and what it wants printed on `out`. True: go on; false: that was all.
  bool parse_or_print(int argc, const char* const* argv, std::ostream& out);
  bool parse_or_print(const std::vector<std::string>& words, std::ostream& out);

  /// All values now in force, by key ("batch_size"). Fed back as a --config file it gives the same values.
  nlohmann::json values() const;
  /// Those in which ranks must agree.
  nlohmann::json compared_values() const;
  /// The option of that key. Throws Error when there is none.
  const Option& option(const std::string& key) const;
  static constexpr const char* kDefault = "default";
  static constexpr const char* kCommandLine = "command line";
  /// Where a value came from: kDefault, kCommandLine or "birds.yaml:3:9". `key` as in values().
  std::string origin(const std::string& key) const;
  OptionLayer layer(const std::string& key) const;
  /// Gives the option its default value again, as if the source of option `by`, which makes it pointless, had said so.
  void restore_default(const std::string& key, const std::string& by);
  /// The recipe in force; empty: none.
  const std::filesystem::path& recipe_file() const { return recipe_file_; }

  std::string help() const;
  const std::string& program() const { return page_.program; }
  /// For renderers: --help today.
  const std::vector<std::unique_ptr<Option>>& options() const { return options_; }

 private:
  struct Argument {
    std::string placeholder;
    std::string* variable;
    bool is_required;
  };
  struct Origin {
    std::string key;
    std::string place;
    OptionLayer layer;
  };

  Option& add_bound(const std::string& names, std::string help, std::unique_ptr<OptionValue> value);
  Option* find(const std::string& name) const;
  void apply_recipe(const CommandLine& line, const std::vector<RawSetting>& config);
  void apply_file(const std::vector<RawSetting>& settings, OptionLayer layer);
  void apply_setting(const RawSetting& setting, Option& option);
  void apply_command_line(const CommandLine& line);
  void apply_arguments(std::vector<std::string> arguments);
  void refuse_unknown_key(const RawSetting& setting) const;
  void require_all() const;
  void record_origin(const Option& option, std::string place, OptionLayer layer);
  bool chooses_files(const Option& option) const;

  HelpPage page_;
  std::string version_;
  std::string group_ = "Options";
  std::vector<std::unique_ptr<Option>> options_;
  std::vector<Argument> arguments_;
  std::vector<std::string>* rest_ = nullptr;
  std::vector<Origin> origins_;
  std::unique_ptr<std::optional<std::filesystem::path>> config_file_;
  std::unique_ptr<std::string> recipe_;
  RecipeBook book_;
  std::filesystem::path recipe_file_;
};

}  // namespace skein
