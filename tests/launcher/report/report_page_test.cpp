// The page as text: what is in it, and what cannot get out of it.

#include "launcher/report/report_page.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "runtime/run/run.h"
#include "tests/support/directory_test.h"

namespace skein {
namespace {

using nlohmann::json;

constexpr const char* kHostile = "</script><script>alert(1)</script><!--";

class ReportPageTest : public DirectoryTest {
 protected:
  std::filesystem::path make_run(const std::string& id, const json& facts) const {
    skein::Run run({.runs_dir = directory_, .experiment = "e", .run_id = id}, facts);
    run.log("val/accuracy", 75, 10, 0);
    run.describe("val/accuracy", {"%", "maximize"});
    run.log_timing({0, 10, 10, 0, {{"compute", {1.0, 2.0}}}});
    run.complete();
    return run.directory();
  }
  static ReportPage page_of(const std::vector<std::filesystem::path>& directories) {
    return report_page({directories.begin(), directories.end()}, "1.2.3");
  }
  static json data_of(const std::string& html) {
    const std::string start = "<script type=\"application/json\" id=\"data\">";
    const std::size_t begin = html.find(start) + start.size();
    return json::parse(html.substr(begin, html.find("</script>", begin) - begin));
  }
};

TEST_F(ReportPageTest, HoldsAllOfARun) {
  const auto run = make_run("r", {{"command", {"trainer", "--data path", "x"}},
                                  {"parameters", {{"lr", 0.2}, {"epochs", 3}}},
                                  {"changed_parameters", {{"lr", {{"default", 0.1}, {"origin", "command line"}}}}},
                                  {"host", {{"name", "node1"}, {"environment", {{"SLURM_JOB_ID", "7"}}}}},
                                  {"topology", {{"world_size", 2}, {"hosts", {{{"name", "node1"}, {"ranks", {0, 1}}}}}}}});
  write_text(run / "logs" / "rank_0000.log", "hello\n");
  const ReportPage page = page_of({run});
  EXPECT_TRUE(page.problems.empty());
  const json data = data_of(page.html);
  EXPECT_EQ(data.at("version"), "1.2.3");
  const json& read = data.at("runs").at(0);
  EXPECT_EQ(read.at("run_id"), "r");
  EXPECT_EQ(read.at("state"), "Completed");
  EXPECT_EQ(read.at("command"), "trainer '--data path' x");
  EXPECT_EQ(read.at("world_size"), 2);
  EXPECT_EQ(read.at("curves").at(0).at("name"), "val/accuracy");
  EXPECT_EQ(read.at("timing").at("ranks"), (json{{1}, {2}}));
  EXPECT_EQ(read.at("logs").at(0).at("text"), "hello\n");
  EXPECT_EQ(read.at("history").size(), 4u);
  const json parameters = {{{"key", "epochs"}, {"value", "3"}, {"changed", false}},
                           {{"key", "lr"}, {"value", "0.2"}, {"changed", true}, {"default", "0.1"}, {"origin", "command line"}}};
  EXPECT_EQ(read.at("parameters"), parameters);
  const json& facts = read.at("facts");
  for (const json& fact : {json{"topology", "hosts node1", "ranks 0-1"}, json{"host", "environment.SLURM_JOB_ID", "7"}})
    EXPECT_NE(std::find(facts.begin(), facts.end(), fact), facts.end()) << fact;
}

TEST_F(ReportPageTest, NothingOfARunBecomesMarkup) {
  const auto run = make_run("r", {{"command", {kHostile}}, {"parameters", {{kHostile, kHostile}}}, {"tags", {{"{{NONCE}}", "&amp;\xe2\x80\xa8"}}}});
  write_text(run / "logs" / "rank_0000.log", std::string(kHostile) + "\xff\xfe");
  write_text(run / "outputs" / "confusion_matrix.csv", concat("t,", kHostile, ",b\n", kHostile, ",1,0\nb,0,1\n"));
  write_text(run / "outputs" / "worst_images.json", kHostile);
  const std::string html = page_of({run}).html;
  std::size_t num_scripts = 0;
  for (std::size_t at = html.find("<script"); at != std::string::npos; at = html.find("<script", at + 1)) ++num_scripts;
  EXPECT_EQ(num_scripts, 2u) << "the data and the page's own";
  EXPECT_EQ(html.find("alert(1)</script"), std::string::npos);
  const json data = data_of(html).at("runs").at(0);
  EXPECT_EQ(data.at("command"), concat("'", kHostile, "'"));
  EXPECT_EQ(data.at("evaluation").at("classes").at(0), kHostile);
  EXPECT_EQ(data.at("tags").at("{{NONCE}}"), "&amp;\xe2\x80\xa8");
  EXPECT_EQ(data.at("problems").size(), 1u);
}

TEST_F(ReportPageTest, AsksNobodyForAnything) {
  const std::string html = page_of({make_run("r", json::object())}).html;
  EXPECT_NE(html.find("default-src 'none'"), std::string::npos);
  const std::regex outside("(src|href)=\"(?!#|data:)|url\\((?!#)|@import|https?://(?!www\\.w3\\.org/2000/svg)");
  std::smatch found;
  EXPECT_FALSE(std::regex_search(html, found, outside)) << found.str() << " ... " << found.suffix().str().substr(0, 60);
  std::smatch nonce;
  ASSERT_TRUE(std::regex_search(html, nonce, std::regex("script-src 'nonce-([0-9a-f]{20,})'")));
  EXPECT_NE(html.find("<script nonce=\"" + nonce[1].str() + "\">"), std::string::npos);
  EXPECT_EQ(page_of({directory_ / "e" / "r"}).html.find(nonce[1].str()), std::string::npos) << "the same nonce twice";
}

TEST_F(ReportPageTest, SeveralRunsInTheOrderOfAsking) {
  const ReportPage page = page_of({make_run("b", json::object()), make_run("a", json::object())});
  const json runs = data_of(page.html).at("runs");
  EXPECT_EQ(runs.at(0).at("run_id"), "b");
  EXPECT_EQ(runs.at(1).at("run_id"), "a");
  EXPECT_NE(page.html.find("<title>e / b, e / a"), std::string::npos);
}

TEST_F(ReportPageTest, AMillionPointsFit) {
  const auto run = make_run("r", json::object());
  std::ofstream lines(run / "metrics.jsonl");
  for (int i = 0; i < 1000000; ++i)
    lines << "{\"metric\":\"m\",\"value\":" << 0.12345 * (i % 977) << ",\"step\":" << i << ",\"epoch\":" << i / 1000 << ",\"time\":" << i << "}\n";
  lines.close();
  EXPECT_LT(page_of({run}).html.size(), 400000u);
}

TEST_F(ReportPageTest, DamagedFilesAreNamed) {
  const auto run = make_run("r", json::object());
  write_text(run / "metrics.jsonl", "rubbish\n");
  write_text(run / "timing.jsonl", "rubbish\n");
  write_text(run / "post-mortem" / "rank_0000.json", "{");
  const ReportPage page = page_of({run});
  ASSERT_EQ(page.problems.size(), 3u);
  EXPECT_NE(page.problems[0].find("metrics.jsonl: 1 lines are no metric"), std::string::npos);
  EXPECT_NE(page.problems[1].find("timing.jsonl: 1 lines are no timing"), std::string::npos);
  EXPECT_NE(page.problems[2].find("rank_0000.json"), std::string::npos);
  EXPECT_EQ(data_of(page.html).at("runs").at(0).at("problems").size(), 3u);
}

}  // namespace
}  // namespace skein
