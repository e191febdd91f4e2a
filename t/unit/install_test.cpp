// SPDX-License-Identifier: Apache-2.0
//
// conf/install, on the layouts of httpd that there are, each known by what its apxs answers. Run
// from the top of the tree, as t/check does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "clients/process.hpp"

namespace finwait::test {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct Layout {
    const char *modules, *etc, *prefix, *logs;
};
constexpr Layout kDebian{"/usr/lib/apache2/modules", "/etc/apache2", "/usr", "/var/log/apache2"};
constexpr Layout kRhel{"/usr/lib64/httpd/modules", "/etc/httpd/conf", "/etc/httpd",
                       "/var/log/httpd"};
constexpr Layout kHttpd{"/usr/local/apache2/modules", "/usr/local/apache2/conf",
                        "/usr/local/apache2", "/usr/local/apache2/logs"};
constexpr Layout kSuse{"/usr/lib64/apache2", "/etc/apache2", "/srv/www", "/var/log/apache2"};
constexpr Layout kArch{"/usr/lib/httpd/modules", "/etc/httpd/conf", "/etc/httpd", "/var/log/httpd"};

class Install : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "finwait-install-XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        dir = name;
        for (const char* program : {"mod_finwait.so", "finwait-closer", "finwait-report"}) {
            fs::create_directories(dir / "out");
            write_file(dir / "out" / program, program);
        }
    }
    void TearDown() override { fs::remove_all(dir); }

    void speak_for(const Layout& layout) const {
        write_file(dir / "apxs", std::string("#!/bin/sh\ncase $2 in\nLIBEXECDIR) echo ") +
                                     layout.modules + ";;\nSYSCONFDIR) echo " + layout.etc +
                                     ";;\nPREFIX) echo " + layout.prefix + ";;\nlogfiledir) echo " +
                                     layout.logs + ";;\nPROGNAME) echo httpd;;\nesac\n");
        fs::permissions(dir / "apxs", fs::perms::owner_all);
    }

    [[nodiscard]] Finished install(const std::string& what) const {
        return run({"env", "OUT=" + (dir / "out").string(), "APXS=" + (dir / "apxs").string(),
                    "DESTDIR=" + (dir / "root").string(), "conf/install", what});
    }

    [[nodiscard]] std::vector<std::string> files() const {
        std::vector<std::string> found;
        if (!fs::exists(dir / "root")) return found;
        for (const auto& entry : fs::recursive_directory_iterator(dir / "root"))
            if (entry.is_regular_file())
                found.push_back("/" + fs::relative(entry, dir / "root").string());
        std::ranges::sort(found);
        return found;
    }

    [[nodiscard]] std::string text(const std::string& file) const {
        return read_file(dir / "root" / file.substr(1));
    }

    void edit(const std::string& file) const {
        std::ofstream(dir / "root" / file.substr(1), std::ios::app) << "# mine\n";
    }

    fs::path dir;
};

constexpr char kConf[] = "/usr/local/apache2/conf/extra/finwait.conf";

TEST_F(Install, OnDebianIsEnabledByA2enmod) {
    speak_for(kDebian);
    EXPECT_EQ(0, install("module").exit_code);
    EXPECT_THAT(files(), Contains("/usr/lib/apache2/modules/mod_finwait.so"));
    EXPECT_THAT(files(), Contains("/etc/apache2/mods-available/finwait-clients.conf"));
    const std::string load = text("/etc/apache2/mods-available/finwait.load");
    EXPECT_THAT(load, HasSubstr("\n# Depends: authz_core authz_host\n"));
    EXPECT_THAT(load,
                HasSubstr("\nLoadModule finwait_module /usr/lib/apache2/modules/mod_finwait.so\n"));
    EXPECT_THAT(text("/etc/apache2/mods-available/finwait.conf"),
                HasSubstr("FinWaitLog ${APACHE_LOG_DIR}/finwait.log\n"));
}

TEST_F(Install, OnRhelIsLoadedByItsFolders) {
    speak_for(kRhel);
    EXPECT_EQ(0, install("module").exit_code);
    EXPECT_THAT(text("/etc/httpd/conf.modules.d/10-finwait.conf"),
                HasSubstr("LoadModule finwait_module /usr/lib64/httpd/modules/mod_finwait.so\n"));
    EXPECT_THAT(text("/etc/httpd/conf.d/finwait.conf"), HasSubstr("FinWaitLog logs/finwait.log\n"));
    EXPECT_THAT(files(), Contains("/etc/httpd/conf/finwait-clients.conf"));
}

TEST_F(Install, InHttpdsOwnLayoutIsOneFileToInclude) {
    speak_for(kHttpd);
    EXPECT_EQ(0, install("module").exit_code);
    const std::string conf = text(kConf);
    EXPECT_LT(conf.find("LoadModule finwait_module /usr/local/apache2/modules/mod_finwait.so\n"),
              conf.find("FinWaitLog logs/finwait.log\n"));
    EXPECT_THAT(conf, Not(HasSubstr("APACHE_LOG_DIR")));
    EXPECT_THAT(files(), Contains("/usr/local/apache2/conf/extra/finwait-clients.conf"));
}

TEST_F(Install, InFoldersThatAreDebiansOrRhelsByNameOnlyIsOneFileToInclude) {
    for (const Layout& layout : {kSuse, kArch}) {
        speak_for(layout);
        EXPECT_EQ(0, install("module").exit_code);
        const std::string conf = text(std::string(layout.etc) + "/extra/finwait.conf");
        EXPECT_THAT(conf, HasSubstr("LoadModule finwait_module " + std::string(layout.modules)));
        EXPECT_THAT(conf, HasSubstr("FinWaitLog " + std::string(layout.logs) + "/finwait.log\n"));
    }
}

TEST_F(Install, KeepsWhatWasEditedAndPutsItsOwnBesideIt) {
    speak_for(kHttpd);
    EXPECT_EQ(0, install("module").exit_code);
    const auto before = files();
    EXPECT_EQ(0, install("module").exit_code);
    EXPECT_EQ(before, files());

    const std::string fresh = text(kConf);
    edit(kConf);
    const std::string edited = text(kConf);
    const Finished again = install("module");
    EXPECT_EQ(0, again.exit_code);
    EXPECT_THAT(again.output, HasSubstr(std::string(kConf) + ".new"));
    EXPECT_EQ(edited, text(kConf));
    EXPECT_EQ(fresh, text(std::string(kConf) + ".new"));
}

TEST_F(Install, IsUndoneButForWhatWasEdited) {
    for (const Layout& layout : {kDebian, kRhel, kHttpd}) {
        speak_for(layout);
        EXPECT_EQ(0, install("module").exit_code);
        EXPECT_EQ(0, install("report").exit_code);
        EXPECT_THAT(files(), Contains("/usr/local/bin/finwait-report"));
        EXPECT_EQ(0, install("uninstall").exit_code);
        EXPECT_THAT(files(), IsEmpty());
    }
    EXPECT_EQ(0, install("module").exit_code);
    edit(kConf);
    EXPECT_THAT(install("uninstall").output, HasSubstr("stays"));
    EXPECT_EQ(files(), std::vector<std::string>{kConf});
}

TEST_F(Install, SaysWhichApxsDoesNotAnswer) {
    const Finished answer = install("module");
    EXPECT_NE(0, answer.exit_code);
    EXPECT_THAT(answer.output, HasSubstr((dir / "apxs").string()));
    EXPECT_THAT(files(), IsEmpty());
}

}  // namespace
}  // namespace finwait::test
