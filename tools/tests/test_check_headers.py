import pytest


def check(run, tree, files):
    done = run("check-headers", tree({"src/base/ok.h": "#include <string>\n", **files}))
    return done.returncode, done.stderr


def test_drivers_in_source_internal_and_test_files_pass(run, tree):
    files = {
        "src/net/http.cc": '#include <curl/curl.h>\n#include "net/curl_internal.h"\n',
        "src/net/curl_internal.h": "#include <curl/curl.h>\n",
        "src/net/tests/stub.h": '#include <boost/beast/http.hpp>\n#include "net/curl_internal.h"\n',
        "src/net/fmtish.h": "#include <format>\n#include <boost/describe.hpp>\n",
    }
    assert check(run, tree, files) == (0, "")


@pytest.mark.parametrize(
    "driver",
    ["boost/asio.hpp", "boost/beast/core.hpp", "curl/curl.h", "libpq-fe.h", "postgresql/libpq-fe.h",
     "spdlog/spdlog.h", "fmt/core.h", "CLI/CLI.hpp", "mysql/mysql.h", "mariadb/mysql.h", "sqlite3.h",
     "pugixml.hpp", "yaml-cpp/yaml.h", "openssl/evp.h", "zstd.h", "zlib.h"],
)
@pytest.mark.parametrize("form", ["<{}>", '"{}"'])
def test_driver_in_public_header_fails(run, tree, driver, form):
    code, said = check(run, tree, {"src/net/http.h": f"#pragma once\n#include {form.format(driver)}\n"})
    assert code == 1 and f"src/net/http.h:2: public header includes the driver <{driver}>" in said


def test_internal_header_stays_in_its_folder(run, tree):
    code, said = check(run, tree, {"src/storage/s3.cc": '#include "net/curl_internal.h"\n'})
    assert code == 1 and "is internal to its folder" in said


def test_internal_header_does_not_leak_through_a_public_one(run, tree):
    code, said = check(run, tree, {"src/net/http.h": '#include "net/curl_internal.h"\n'})
    assert code == 1 and 'public header includes the internal "net/curl_internal.h"' in said
