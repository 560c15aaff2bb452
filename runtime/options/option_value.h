#pragma once
// The variable behind an option, seen as text (command line, YAML) on one side and as JSON (run.json, comparison of
// ranks) on the other.

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace skein {

template <class T, class... Allowed>
concept OneOf = (std::same_as<T, Allowed> || ...);

template <class T>
concept ScalarOptionType = OneOf<T, int, std::int64_t, std::uint64_t, double, std::string, std::filesystem::path>;

/// What an option may be bound to. An empty optional is "not given"; a vector is given as a,b,c or by
/// repeating the flag.
template <class T>
concept OptionType = ScalarOptionType<T> || OneOf<T, bool> ||
    OneOf<T, std::optional<int>, std::optional<std::int64_t>, std::optional<std::uint64_t>, std::optional<double>,
          std::optional<std::string>, std::optional<std::filesystem::path>> ||
    OneOf<T, std::vector<int>, std::vector<std::int64_t>, std::vector<double>, std::vector<std::string>,
          std::vector<std::filesystem::path>>;

/// Why a text is no value for an option ("'abc' is not an integer"); whoever knows the flag or line adds it.
class BadValue : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A reference to one variable, type erased. The variable belongs to the caller and must outlive this object.
/// Not safe to use from several threads.
class OptionValue {
 public:
  enum class Arity { kFlag, kOne, kMany };
  virtual ~OptionValue() = default;

  /// The value that `texts` spell: exactly one text, unless arity() is kMany. Throws BadValue; stores
  /// nothing.
  virtual nlohmann::json read(const std::vector<std::string>& texts) const = 0;
  /// Sets the variable to a value that read() or current() returned.
  virtual void store(const nlohmann::json& value) = 0;
  /// What the variable holds now; null for an empty optional.
  virtual nlohmann::json current() const = 0;

  virtual Arity arity() const = 0;
  /// True for std::optional: the value may be null.
  virtual bool nullable() const = 0;
  /// Placeholder for --help: N for integers, X for numbers, TEXT, PATH.
  virtual std::string placeholder() const = 0;
};

template <OptionType T>
std::unique_ptr<OptionValue> bind_value(T& variable);

}  // namespace skein
