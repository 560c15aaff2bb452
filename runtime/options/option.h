#pragma once
// One entry of an option table: everything that the command line, YAML, --help and the other ranks know about an
// option.

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "runtime/options/option_value.h"

namespace skein {

/// One named option. Created by OptionTable::add(), whose result is refined by chaining:
///   table.add("--batch-size,-b", options.batch_size, "images per rank and step").at_least(1).unit("IMAGES");
/// Not safe to use from several threads.
class Option {
 public:
  /// `names`: comma separated, the first is the one shown and must be --lower-case-with-dashes; then aliases
  /// (--num_epochs), short names (-b) and mpirun-like ones (-np). Throws Error for anything else: a mistake
  /// in the program, not of the user.
  Option(const std::string& names, std::string group, std::string help, std::unique_ptr<OptionValue> value);

  ~Option();
  Option(const Option&) = delete;
  Option& operator=(const Option&) = delete;

  // Refinements.
  Option& unit(std::string placeholder);  ///< placeholder in --help instead of the type's: EPOCHS, DIR
  Option& required();                     ///< parse() refuses to go on without it
  Option& unsplit();                      ///< a vector's values may hold commas: one value each time it is given
  Option& not_compared();                 ///< ranks may differ in it (--print-freq)
  Option& at_least(double minimum);
  Option& more_than(double minimum);
  Option& below(double limit);  ///< and at least 0
  Option& range(double minimum, double maximum);  ///< both ends allowed
  Option& choices(std::vector<std::string> allowed);
  Option& existing_file();
  /// `complaint` returns why the value cannot be used, or an empty string. For vectors it sees one element at
  /// a time.
  Option& check(std::function<std::string(const nlohmann::json& value)> complaint);

  // What the table and its renderers read.
  const std::string& flag() const { return names_.front(); }        ///< "--batch-size"
  const std::string& key() const { return key_; }                   ///< "batch_size": YAML, run.json
  const std::vector<std::string>& names() const { return names_; }  ///< as given to the constructor
  const std::string& group() const { return group_; }
  const std::string& help() const { return help_; }
  const std::string& placeholder() const { return placeholder_; }
  const std::vector<std::string>& allowed() const { return allowed_; }  ///< empty: any
  const std::string& constraint() const { return constraint_; }         ///< "at least 1"; empty: none
  bool is_required() const { return required_; }
  bool splits_at_commas() const { return splits_; }
  bool is_compared() const { return compared_; }
  OptionValue::Arity arity() const { return value_->arity(); }
  nlohmann::json default_value() const;  ///< what the variable held when the option was added
  nlohmann::json current() const;
  bool has_default() const;  ///< the variable holds its default value
  /// True when `name` (with its dashes, or as a YAML key with dashes or underscores) means this option.
  bool answers_to(const std::string& name) const;

  /// Reads, checks and stores a value. Throws BadValue; then the variable is unchanged.
  void assign(const std::vector<std::string>& texts);
  /// Stores null. Throws BadValue unless the variable is a std::optional.
  void assign_null();
  void restore_default();

 private:
  void check_value(const nlohmann::json& value) const;

  std::vector<std::string> names_;
  std::string key_;
  std::string group_;
  std::string help_;
  std::string placeholder_;
  std::string constraint_;
  std::vector<std::string> allowed_;
  std::vector<std::function<std::string(const nlohmann::json&)>> checks_;
  bool required_ = false;
  bool compared_ = true;
  bool splits_ = true;
  std::unique_ptr<OptionValue> value_;
  std::unique_ptr<nlohmann::json> default_value_;
};

/// "--batch_size", "batch-size" -> "batch_size".
std::string option_key(const std::string& name);

}  // namespace skein
