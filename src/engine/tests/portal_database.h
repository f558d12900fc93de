#pragma once

#include <fmt/core.h>

#include <string>
#include <vector>

#include "base/secret_source.h"
#include "testing/private_postgres.h"

namespace lc2::engine {

// A small database of a portal's shape in the shared private server.
class PortalDatabase {
 public:
  explicit PortalDatabase(testing::PrivatePostgres& server)
      : server_(server), name_(server.NewDatabase("portal")) {
    Run("create table dlfileentry (fileentryid bigint, ctcollectionid bigint default 0,"
        " companyid bigint, groupid bigint, repositoryid bigint, folderid bigint,"
        " name varchar(255), version varchar(75), size_ bigint,"
        " primary key (fileentryid, ctcollectionid));"
        "create table dlfileversion (fileversionid bigint, ctcollectionid bigint default 0,"
        " companyid bigint, groupid bigint, repositoryid bigint, folderid bigint,"
        " fileentryid bigint, version varchar(75), size_ bigint, storeuuid varchar(255),"
        " status int default 0, primary key (fileversionid, ctcollectionid));"
        "create table image (imageid bigint, ctcollectionid bigint default 0, companyid bigint,"
        " type_ varchar(75), size_ int, primary key (imageid, ctcollectionid));"
        "create table release_ (servletcontextname varchar(75), schemaversion varchar(75),"
        " buildnumber int, verified bool, state_ int);"
        "create table marker (text text)");
  }

  const std::string& name() const { return name_; }
  std::string Run(const std::string& sql) const { return server_.Psql(name_, sql); }
  bool exists() const {
    return server_.Psql("postgres", fmt::format("select count(*) from pg_database where datname ="
                                                " '{}'",
                                                name_)) == "1";
  }
  void Drop() const {
    server_.Psql("postgres", fmt::format("drop database \"{}\" with (force)", name_));
  }
  // An empty database of the same name.
  void CreateEmpty() const {
    server_.Psql("postgres", fmt::format("create database \"{}\"", name_));
  }
  // Databases that a restore left beside the target.
  std::string LeftOvers() const {
    return server_.Psql("postgres", fmt::format("select count(*) from pg_database where datname"
                                                " like '{}\\_%'",
                                                name_));
  }

  // Rows that refer to "<company>/<group>/<name>/<version>".
  void AddFile(std::int64_t group, const std::string& name, const std::string& version,
               std::size_t size) {
    ++rows_;
    Run(fmt::format(
        "insert into dlfileentry values ({0}, 0, 20097, {1}, {1}, 0, '{2}', '{3}', {4});"
        "insert into dlfileversion values ({0}, 0, 20097, {1}, {1}, 0, {0}, '{3}', {4})",
        rows_, group, name, version, size));
  }
  void AddImage(std::int64_t id, const std::string& type, std::size_t size) {
    Run(fmt::format("insert into image values ({}, 0, 20097, '{}', {})", id, type, size));
  }

  SecretValues Secret() const { return SecretOf(server_.user(), server_.password()); }
  SecretValues SecretOf(const std::string& user, const std::string& password) const {
    return {{"host", lc2::Secret(server_.host())},
            {"port", lc2::Secret(std::to_string(server_.port()))},
            {"username", lc2::Secret(user)},
            {"password", lc2::Secret(password)}};
  }

 private:
  testing::PrivatePostgres& server_;
  const std::string name_;
  int rows_ = 0;
};

}  // namespace lc2::engine
