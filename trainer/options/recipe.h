#pragma once
// Recipes: YAML files of options that reproduce a published training. A file begins with comments: a title in the first line,
// "Source:" and "Published:" with what is known of it; then come options as in a --config file.

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/options/option_table.h"

namespace skein {

struct Recipe {
  std::string name;  ///< of the file, without its ending
  std::filesystem::path file;
  std::string title;
  std::string source;
  std::string published;  ///< the accuracy, and of which training
};

/// Where recipes are: SKEIN_RECIPES, else share/skein/recipes beside the folder of the running program.
std::filesystem::path recipe_folder();

/// NAME.yaml of `folder` by name; none where there is no such folder.
std::vector<Recipe> list_recipes(const std::filesystem::path& folder);

/// The file of a recipe's name, or of a path: what has a slash or ends in .yaml, .yml or .json. Throws UsageError.
std::filesystem::path find_recipe(const std::string& name, const std::filesystem::path& folder);

/// What `--recipe list` prints.
std::string describe_recipes(const std::filesystem::path& folder);

/// Of recipe_folder().
RecipeBook recipe_book();

}  // namespace skein
