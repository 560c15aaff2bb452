#include "trainer/options/recipe.h"

#include <algorithm>
#include <fstream>

#include "runtime/options/spelling.h"
#include "runtime/process/environment.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

namespace fs = std::filesystem;

/// Reads the comments with which the file begins.
Recipe read_header(const fs::path& file) {
  Recipe recipe{.name = file.stem().string(), .file = file};
  std::ifstream in(file);
  for (std::string line; std::getline(in, line) && line.starts_with("#");) {
    const std::size_t begin = std::min(line.find_first_not_of("# "), line.size());
    const std::string text = line.substr(begin);
    const auto take = [&](const char* label, std::string& value) {
      if (text.starts_with(label)) value = text.substr(std::min(text.find_first_not_of(' ', std::string(label).size()), text.size()));
    };
    if (recipe.title.empty()) recipe.title = text;
    take("Source:", recipe.source);
    take("Published:", recipe.published);
  }
  return recipe;
}

std::vector<std::string> names_of(const std::vector<Recipe>& recipes) {
  std::vector<std::string> names;
  for (const Recipe& recipe : recipes) names.push_back(recipe.name);
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

bool is_path(const std::string& name) {
  const std::string ending = fs::path(name).extension();
  return name.find('/') != std::string::npos || ending == ".yaml" || ending == ".yml" || ending == ".json";
}

}  // namespace

fs::path recipe_folder() {
  if (const auto given = environment_variable("SKEIN_RECIPES")) return *given;
  std::error_code unknown;
  const fs::path program = fs::read_symlink("/proc/self/exe", unknown);
  return program.parent_path().parent_path() / "share/skein/recipes";
}

std::vector<Recipe> list_recipes(const fs::path& folder) {
  std::vector<Recipe> recipes;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(folder, missing))
    if (entry.path().extension() == ".yaml") recipes.push_back(read_header(entry.path()));
  std::ranges::sort(recipes, {}, &Recipe::name);
  return recipes;
}

fs::path find_recipe(const std::string& name, const fs::path& folder) {
  if (is_path(name)) {
    if (!fs::is_regular_file(name)) throw UsageError(concat("--recipe ", name, ": there is no such file"), "check the path");
    return name;
  }
  const std::vector<Recipe> recipes = list_recipes(folder);
  const auto found = std::ranges::find(recipes, name, &Recipe::name);
  if (found != recipes.end()) return found->file;
  if (recipes.empty())
    throw UsageError(concat("--recipe ", name, ": there are no recipes in ", folder.string()),
                     "set SKEIN_RECIPES to the folder that holds them, or give a file: --recipe path/to/file.yaml");
  const std::vector<std::string> names = names_of(recipes);
  throw UsageError(concat("--recipe ", name, ": there is no such recipe, only ", joined(names), did_you_mean(name, names)),
                   "see --recipe list, or give a file: --recipe path/to/file.yaml");
}

std::string describe_recipes(const fs::path& folder) {
  const std::vector<Recipe> recipes = list_recipes(folder);
  std::string text = recipes.empty() ? concat("There are no recipes in ", folder.string(), ".\n")
                                     : concat("Recipes in ", folder.string(), "; --config and flags win over what one sets.\n");
  for (const Recipe& recipe : recipes) {
    text += concat("\n", recipe.name, "\n  ", recipe.title, "\n");
    if (!recipe.source.empty()) text += concat("  Source: ", recipe.source, "\n");
    if (!recipe.published.empty()) text += concat("  Published: ", recipe.published, "\n");
  }
  return text;
}

RecipeBook recipe_book() {
  const std::string names = joined(names_of(list_recipes(recipe_folder())));
  return {.find = [](const std::string& name) { return find_recipe(name, recipe_folder()); },
          .listing = [] { return describe_recipes(recipe_folder()); },
          .help = concat("options of a published training, over which --config and flags win: ",
                         names.empty() ? std::string() : names + "; ", "list: what they are")};
}

}  // namespace skein
