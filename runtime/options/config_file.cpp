#include "runtime/options/config_file.h"

#include <yaml-cpp/yaml.h>

#include <fstream>
#include <iterator>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

std::string place(const std::filesystem::path& file, const YAML::Mark& mark) {
  return concat(file.string(), ":", mark.line + 1, ":", mark.column + 1);
}

std::string read_text(const std::filesystem::path& file) {
  std::error_code ignored;
  std::ifstream in;
  if (!std::filesystem::is_directory(file, ignored)) in.open(file, std::ios::binary);
  if (!in.is_open())
    throw ConfigError(concat("cannot read the configuration file ", file.string()), "check the path given to --config");
  return {std::istreambuf_iterator<char>(in), {}};
}

YAML::Node parse(const std::filesystem::path& file, const std::string& text) {
  try {
    const auto documents = YAML::LoadAll(text);
    if (documents.size() > 1)
      throw ConfigError(concat(place(file, documents[1].Mark()), ": a second document"), "keep one document a file");
    return documents.empty() ? YAML::Node() : documents.front();
  } catch (const YAML::ParserException& error) {
    throw ConfigError(concat(place(file, error.mark), ": not valid YAML: ", error.msg),
                      "look there for a colon, quote, bracket or indentation that is wrong; options are lines of `name: value`");
  }
}

std::string scalar_text(const std::filesystem::path& file, const YAML::Node& node, const std::string& key) {
  if (!node.IsScalar())
    throw ConfigError(concat(place(file, node.Mark()), ": ", key, ": a nested value"),
                      "options are flat: write `name: value` or `name: [value, value]`");
  return node.Scalar();
}

RawSetting read_setting(const std::filesystem::path& file, const YAML::Node& key, const YAML::Node& value) {
  RawSetting setting;
  setting.name = scalar_text(file, key, "key");
  setting.name_place = place(file, key.Mark());
  setting.value_place = value.IsNull() ? setting.name_place : place(file, value.Mark());
  setting.is_null = value.IsNull();
  setting.is_sequence = value.IsSequence();
  if (value.IsSequence()) {
    for (const YAML::Node& element : value) setting.texts.push_back(scalar_text(file, element, setting.name));
  } else if (!value.IsNull()) {
    setting.texts.push_back(scalar_text(file, value, setting.name));
  }
  return setting;
}

}  // namespace

std::vector<RawSetting> read_config_file(const std::filesystem::path& file) {
  const YAML::Node root = parse(file, read_text(file));
  std::vector<RawSetting> settings;
  if (!root.IsDefined() || root.IsNull()) return settings;
  if (!root.IsMap()) throw ConfigError(concat(place(file, root.Mark()), ": expected `name: value` lines"),
                                          "e.g. `batch_size: 64`");
  for (const auto& entry : root) settings.push_back(read_setting(file, entry.first, entry.second));
  return settings;
}

}  // namespace skein
