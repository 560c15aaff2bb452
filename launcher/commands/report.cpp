// skein report: one HTML page about one run or several.

#include <iostream>

#include "launcher/commands/commands.h"
#include "launcher/named_run.h"
#include "launcher/report/report_page.h"
#include "launcher/text_table.h"
#include "runtime/options/option_table.h"
#include "runtime/process/error.h"
#include "runtime/process/subprocess.h"
#include "runtime/process/text.h"
#include "runtime/run/atomic_file.h"

namespace skein {
namespace {

constexpr std::chrono::seconds kBrowserStarts{10};

std::vector<RunDirectory> runs_of(const std::filesystem::path& runs_dir, const std::vector<std::string>& names,
                                  const std::string& experiment) {
  std::vector<RunDirectory> runs;
  for (const std::string& name : names) {
    runs.push_back(named_run(runs_dir, name, experiment));
    for (std::size_t i = 0; i + 1 < runs.size(); ++i)
      if (std::filesystem::equivalent(runs[i].path(), runs.back().path()))
        throw UsageError(concat("the run ", runs.back().id(), " is named twice"), "name each run once");
  }
  return runs;
}

void write_page(const std::filesystem::path& file, const std::string& html) {
  if (std::filesystem::is_directory(file))
    throw UsageError(concat("--output ", file.string(), " is a folder"), "name a file, as in --output report.html");
  AtomicFile page(file, "--output");
  page.write(html);
  page.commit();
}

void open_in_browser(const std::filesystem::path& file) {
  Subprocess browser({.argv = {"xdg-open", file.string()}});
  const auto status = browser.wait(Deadline::after(kBrowserStarts));
  if (!status || !status->success())
    throw Error(concat("xdg-open could not show ", file.string(), status ? ": " + status->describe() : ""),
                "open that file in a browser");
}

}  // namespace

int report_command(const CommandContext& context, const std::vector<std::string>& words) {
  std::filesystem::path runs_dir = "runs", output = "report.html";
  std::string first, experiment;
  std::vector<std::string> names;
  bool opens = false;
  OptionTable table("skein report",
                    "Writes one HTML page about a run, or about several side by side: curves, evaluation, where the time went, "
                    "parameters, logs. The page needs no network and no other file.",
                    context.version);
  table.argument("RUN", first, "the run's id, as much of its beginning or end as tells it from others, or its directory");
  table.rest("[RUN...]", names, "more runs, to compare with it");
  table.add("--output,-o", output, "file to write; - for standard output").unit("FILE");
  table.add("--open", opens, "show the page in the desktop's browser (xdg-open)");
  table.add("--runs-dir", runs_dir, "directory that holds the runs").unit("DIR");
  table.add("--experiment", experiment, "look only among the runs of this experiment").unit("NAME");
  if (!table.parse_or_print(words, std::cout)) return 0;
  if (opens && output == "-") throw UsageError("--open needs a file, not --output -", "leave one of them out");
  names.insert(names.begin(), first);
  const ReportPage page = report_page(runs_of(runs_dir, names, experiment), context.version);
  for (const std::string& problem : page.problems) std::cerr << "skein report: warning: " << problem << "\n";
  if (output == "-") {
    std::cout << page.html;
    return 0;
  }
  write_page(output, page.html);
  std::cout << output.string() << ": " << names.size() << (names.size() == 1 ? " run, " : " runs, ")
            << bytes_text(static_cast<double>(page.html.size())) << "\n";
  if (opens) open_in_browser(output);
  return 0;
}

}  // namespace skein
