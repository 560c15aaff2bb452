#include "runtime/options/option_value.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "runtime/process/text.h"

namespace skein {
namespace {

using nlohmann::json;

/// std::from_chars over the whole text, with a leading plus sign allowed.
template <class Number>
std::errc read_number(const std::string& text, Number& number) {
  const char* begin = text.data() + (text.size() > 1 && text[0] == '+' ? 1 : 0);
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(begin, end, number);
  if (error == std::errc{} && stop != end) return std::errc::invalid_argument;
  return error;
}

template <std::integral Integer>
requires(!std::same_as<Integer, bool>) json read_scalar(const std::string& text) {
  Integer number{};
  const std::errc error = read_number(text, number);
  if (error == std::errc::result_out_of_range) {
    const bool too_small = text.starts_with('-');
    const Integer limit = too_small ? std::numeric_limits<Integer>::min() : std::numeric_limits<Integer>::max();
    throw BadValue(concat(text, " is too ", too_small ? "small" : "large", ": the limit is ", limit));
  }
  if (error != std::errc{}) {
    const bool negative = std::is_unsigned_v<Integer> && text.starts_with('-');
    throw BadValue(concat("'", text, "' is not ", negative ? "a non-negative integer" : "an integer"));
  }
  return number;
}

template <std::same_as<double> Double>
json read_scalar(const std::string& text) {
  double number = 0;
  if (read_number(text, number) != std::errc{}) throw BadValue(concat("'", text, "' is not a number"));
  if (!std::isfinite(number)) throw BadValue(concat("'", text, "' is not a finite number"));
  return number;
}

template <std::same_as<std::string> String>
json read_scalar(const std::string& text) {
  return text;
}

template <std::same_as<std::filesystem::path> Path>
json read_scalar(const std::string& text) {
  if (text.empty()) throw BadValue("an empty path");
  return text;
}

template <std::same_as<bool> Bool>
json read_scalar(const std::string& text) {
  for (const char* yes : {"true", "yes", "on", "1"})
    if (text == yes) return true;
  for (const char* no : {"false", "no", "off", "0"})
    if (text == no) return false;
  throw BadValue(concat("'", text, "' is neither true nor false"));
}

template <class T>
std::string placeholder_of() {
  if constexpr (std::is_integral_v<T>) return "N";
  if constexpr (std::is_same_v<T, double>) return "X";
  if constexpr (std::is_same_v<T, std::filesystem::path>) return "PATH";
  return "TEXT";
}

template <class T>
T from_json(const json& value) {
  if constexpr (std::is_same_v<T, std::filesystem::path>)
    return value.get<std::string>();
  else
    return value.get<T>();
}

template <class T>
json to_json_value(const T& value) {
  if constexpr (std::is_same_v<T, std::filesystem::path>)
    return value.string();
  else
    return value;
}

template <class T>
class ScalarValue final : public OptionValue {
 public:
  explicit ScalarValue(T& variable) : variable_(variable) {}
  json read(const std::vector<std::string>& texts) const override { return read_scalar<T>(texts.at(0)); }
  void store(const json& value) override { variable_ = from_json<T>(value); }
  json current() const override { return to_json_value(variable_); }
  Arity arity() const override { return std::is_same_v<T, bool> ? Arity::kFlag : Arity::kOne; }
  bool nullable() const override { return false; }
  std::string placeholder() const override { return placeholder_of<T>(); }

 private:
  T& variable_;
};

template <class T>
class OptionalValue final : public OptionValue {
 public:
  explicit OptionalValue(std::optional<T>& variable) : variable_(variable) {}
  json read(const std::vector<std::string>& texts) const override { return read_scalar<T>(texts.at(0)); }
  void store(const json& value) override {
    if (value.is_null())
      variable_.reset();
    else
      variable_ = from_json<T>(value);
  }
  json current() const override { return variable_ ? to_json_value(*variable_) : json(nullptr); }
  Arity arity() const override { return Arity::kOne; }
  bool nullable() const override { return true; }
  std::string placeholder() const override { return placeholder_of<T>(); }

 private:
  std::optional<T>& variable_;
};

template <class T>
class VectorValue final : public OptionValue {
 public:
  explicit VectorValue(std::vector<T>& variable) : variable_(variable) {}
  json read(const std::vector<std::string>& texts) const override {
    json values = json::array();
    for (const std::string& text : texts) values.push_back(read_scalar<T>(text));
    return values;
  }
  void store(const json& value) override {
    variable_.clear();
    for (const json& element : value) variable_.push_back(from_json<T>(element));
  }
  json current() const override {
    json values = json::array();
    for (const T& element : variable_) values.push_back(to_json_value(element));
    return values;
  }
  Arity arity() const override { return Arity::kMany; }
  bool nullable() const override { return false; }
  std::string placeholder() const override { return placeholder_of<T>() + ",..."; }

 private:
  std::vector<T>& variable_;
};

template <class T>
std::unique_ptr<OptionValue> make_value(T& variable) {
  return std::make_unique<ScalarValue<T>>(variable);
}
template <class T>
std::unique_ptr<OptionValue> make_value(std::optional<T>& variable) {
  return std::make_unique<OptionalValue<T>>(variable);
}
template <class T>
std::unique_ptr<OptionValue> make_value(std::vector<T>& variable) {
  return std::make_unique<VectorValue<T>>(variable);
}

}  // namespace

template <OptionType T>
std::unique_ptr<OptionValue> bind_value(T& variable) {
  return make_value(variable);
}

#define SKEIN_BIND(T) template std::unique_ptr<OptionValue> bind_value<T>(T&)
#define SKEIN_BIND_ALL(T)       \
  SKEIN_BIND(T);                \
  SKEIN_BIND(std::optional<T>); \
  SKEIN_BIND(std::vector<T>)
SKEIN_BIND_ALL(int);
SKEIN_BIND_ALL(std::int64_t);
SKEIN_BIND_ALL(double);
SKEIN_BIND_ALL(std::string);
SKEIN_BIND_ALL(std::filesystem::path);
SKEIN_BIND(std::uint64_t);
SKEIN_BIND(std::optional<std::uint64_t>);
SKEIN_BIND(bool);
#undef SKEIN_BIND_ALL
#undef SKEIN_BIND

}  // namespace skein
