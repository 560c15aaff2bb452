#include "runtime/options/option.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runtime/options/spelling.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

using nlohmann::json;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

bool is_name(const std::string& name) {
  const auto body = name.find_first_not_of('-');
  return (body == 1 || body == 2) && std::isalpha(static_cast<unsigned char>(name[body])) != 0 &&
         name.find_first_of(" =,") == std::string::npos;
}

}  // namespace

std::string option_key(const std::string& name) {
  std::string key = name.substr(std::min(name.find_first_not_of('-'), name.size()));
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

Option::Option(const std::string& names, std::string group, std::string help, std::unique_ptr<OptionValue> value)
    : names_(split(names, ',')), group_(std::move(group)), help_(std::move(help)), value_(std::move(value)) {
  if (names_.empty() || !names_.front().starts_with("--") || names_.front().find('_') != std::string::npos ||
      !std::all_of(names_.begin(), names_.end(), is_name))
    throw Error(concat("'", names, "' names no option: the first name must be --lower-case-with-dashes"));
  key_ = option_key(names_.front());
  placeholder_ = value_->placeholder();
  default_value_ = std::make_unique<json>(value_->current());
}

Option::~Option() = default;

Option& Option::unit(std::string placeholder) {
  placeholder_ = std::move(placeholder);
  return *this;
}

Option& Option::required() {
  required_ = true;
  return *this;
}

Option& Option::unsplit() {
  splits_ = false;
  return *this;
}

Option& Option::not_compared() {
  compared_ = false;
  return *this;
}

Option& Option::at_least(double minimum) {
  constraint_ = concat("at least ", minimum);
  return check([=](const json& value) {
    return value.get<double>() >= minimum ? "" : concat(value.dump(), " is too small: it must be at least ", minimum);
  });
}

Option& Option::more_than(double minimum) {
  constraint_ = concat("more than ", minimum);
  return check([=](const json& value) {
    return value.get<double>() > minimum ? "" : concat(value.dump(), " is too small: it must be more than ", minimum);
  });
}

Option& Option::below(double limit) {
  constraint_ = concat("0 to below ", limit);
  return check([=](const json& value) {
    const double number = value.get<double>();
    return number >= 0 && number < limit ? "" : concat(value.dump(), " is out of range: it must be from 0 to below ", limit);
  });
}

Option& Option::range(double minimum, double maximum) {
  constraint_ = concat(minimum, " to ", maximum);
  return check([=](const json& value) {
    const double number = value.get<double>();
    if (number >= minimum && number <= maximum) return std::string();
    return concat(value.dump(), " is out of range: it must be ", minimum, " to ", maximum);
  });
}

Option& Option::choices(std::vector<std::string> allowed) {
  allowed_ = std::move(allowed);
  return check([this](const json& value) {
    const auto text = value.get<std::string>();
    if (std::find(allowed_.begin(), allowed_.end(), text) != allowed_.end()) return std::string();
    std::string list;
    for (const std::string& choice : allowed_) list += (list.empty() ? "" : ", ") + choice;
    return concat("'", text, "' is not one of ", list, did_you_mean(text, allowed_));
  });
}

Option& Option::existing_file() {
  return check([](const json& value) {
    const std::filesystem::path path(value.get<std::string>());
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) return path.string() + " is a directory, not a file";
    return std::filesystem::exists(path, ignored) ? std::string() : path.string() + " does not exist";
  });
}

Option& Option::check(std::function<std::string(const json& value)> complaint) {
  checks_.push_back(std::move(complaint));
  return *this;
}

bool Option::has_default() const {
  return current() == *default_value_;
}
json Option::default_value() const {
  return *default_value_;
}

json Option::current() const {
  return value_->current();
}

bool Option::answers_to(const std::string& name) const {
  const bool is_key = !name.starts_with('-');
  return std::any_of(names_.begin(), names_.end(), [&](const std::string& mine) {
    if (mine == name) return true;
    if (is_key) return mine.starts_with("--") && option_key(mine) == option_key(name);
    return name.starts_with("--") && mine.starts_with("--") && option_key(mine) == option_key(name);
  });
}

void Option::assign(const std::vector<std::string>& texts) {
  const json value = value_->read(texts);
  check_value(value);
  value_->store(value);
}

void Option::assign_null() {
  if (!value_->nullable()) throw BadValue("has no value");
  value_->store(nullptr);
}

void Option::restore_default() {
  value_->store(*default_value_);
}

void Option::check_value(const json& value) const {
  const auto check_one = [&](const json& element) {
    for (const auto& check : checks_)
      if (const std::string complaint = check(element); !complaint.empty()) throw BadValue(complaint);
  };
  if (!value.is_array()) return check_one(value);
  for (const json& element : value) check_one(element);
}

}  // namespace skein
