#include "collectives/link_profile.h"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

using Json = nlohmann::json;

constexpr const char* kFormat = "skein link profile";
constexpr int kVersion = 1;
constexpr const char* kRemedy = "write a new one with skein tune";

/// A field of an object in the file, and all that is said when it is wrong.
class Field {
 public:
  Field(const std::string& source, const Json& object, const std::string& parent, const char* name)
      : source_(source), name_(parent.empty() ? name : parent + "." + name) {
    if (!object.is_object()) refuse_as(parent.empty() ? "the whole" : parent, "is not an object");
    if (!object.contains(name)) refuse("is missing");
    value_ = &object.at(name);
  }
  const Json& value() const { return *value_; }
  double number(double least, double most) const {
    const double number = value_->is_number() ? value_->get<double>() : NAN;
    if (!(number >= least && number <= most))
      refuse(concat("is ", value_->dump(), "; expected a number from ", least, " to ", most));
    return number;
  }
  [[noreturn]] void refuse(const std::string& what) const { refuse_as(name_, what); }

 private:
  [[noreturn]] void refuse_as(const std::string& field, const std::string& what) const {
    throw ConfigError(concat(source_, ": ", field, " ", what), kRemedy);
  }
  const std::string& source_;
  std::string name_;
  const Json* value_ = nullptr;
};

Json to_json(const LinkCosts& costs) {
  return {{"alpha_seconds", costs.alpha},
          {"beta_seconds_per_byte", costs.beta},
          {"overhead_seconds", costs.overhead}};
}

LinkCosts costs_of(const std::string& source, const Json& all, const char* name) {
  const Json& object = Field(source, all, "", name).value();
  const auto number = [&](const char* field, double least, double most) {
    return Field(source, object, name, field).number(least, most);
  };
  LinkCosts costs;
  costs.alpha = number("alpha_seconds", 1e-9, 10);
  costs.beta = number("beta_seconds_per_byte", 1e-14, 1e-2);
  costs.overhead = number("overhead_seconds", 0, costs.alpha / 2);
  return costs;
}

Json names_of_kept(const LinkProfile& profile) {
  Json names = Json::array();
  for (int i = 0; i < kNumOperations; ++i)
    if (profile.keeps_default_of(static_cast<Operation>(i))) names.push_back(operation_name(static_cast<Operation>(i)));
  return names;
}

void read_kept(const Field& field, LinkProfile& profile) {
  if (!field.value().is_array()) field.refuse("is not a list of operations");
  for (const Json& name : field.value()) {
    int i = 0;
    while (i < kNumOperations && name != operation_name(static_cast<Operation>(i))) ++i;
    if (i == kNumOperations) field.refuse(concat("names ", name.dump(), ", which is no operation"));
    profile.keep_default_of(static_cast<Operation>(i));
  }
}

Json parse_json(const std::string& text, const std::string& source) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw ConfigError(concat(source, ": not JSON: ", error.what()), kRemedy);
  }
}

}  // namespace

std::string to_text(const LinkProfile& profile, const std::string& measured_on) {
  return nlohmann::ordered_json{{"format", kFormat},
                                {"version", kVersion},
                                {"measured_on", measured_on},
                                {"between_hosts", to_json(profile.between_hosts)},
                                {"within_host", to_json(profile.within_host)},
                                {"reduce_seconds_per_byte", profile.reduce_byte_seconds},
                                {"keep_default", names_of_kept(profile)}}
             .dump(2) +
         "\n";
}

LinkProfile parse_link_profile(const std::string& text, const std::string& source) {
  const Json all = parse_json(text, source);
  const Field format(source, all, "", "format");
  if (format.value() != kFormat) format.refuse(concat("is ", format.value().dump(), ", not \"", kFormat, "\""));
  const Field version(source, all, "", "version");
  if (version.value() != kVersion)
    version.refuse(concat("is ", version.value().dump(), "; this program reads version ", kVersion));
  LinkProfile profile;
  profile.between_hosts = costs_of(source, all, "between_hosts");
  profile.within_host = costs_of(source, all, "within_host");
  profile.reduce_byte_seconds = Field(source, all, "", "reduce_seconds_per_byte").number(0, 1e-3);
  read_kept(Field(source, all, "", "keep_default"), profile);
  return profile;
}

LinkProfile read_link_profile(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in || !text)
    throw ConfigError(concat("cannot read the link profile ", file.string()),
                      "check its name, or write it with skein tune");
  return parse_link_profile(text.str(), file.string());
}

}  // namespace skein
