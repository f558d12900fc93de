#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lc2::database {

// Writes archives of pg_dump's custom format from its description, for tests of the reader.
class ArchiveBuilder {
 public:
  explicit ArchiveBuilder(int minor = 16) : minor_(minor) {}

  struct Entry {
    int id = 0;
    bool has_data = false;
    std::vector<std::string> dependencies = {};
    std::string definition = {};
  };

  ArchiveBuilder& Head(const std::vector<Entry>& entries, int format = 1, int int_size = 4) {
    int_size_ = int_size;
    bytes += "PGDMP";
    for (const int byte : {1, minor_, 0, int_size, 8, format}) Byte(byte);
    if (minor_ >= 15) {
      Byte(0);
    } else {
      Int(0);
    }
    for (int i = 0; i < 7; ++i) Int(i);
    Text("lportal");
    Text("16.14");
    Text("16.11");
    Int(static_cast<std::int64_t>(entries.size()));
    for (const Entry& entry : entries) AddEntry(entry);
    return *this;
  }

  ArchiveBuilder& Data(int id, const std::vector<std::string_view>& chunks) {
    Byte(1).Int(id);
    for (const std::string_view chunk : chunks) Text(chunk);
    return Int(0);
  }

  struct LargeObject {
    std::int64_t oid = 0;
    std::vector<std::string_view> chunks;
  };
  ArchiveBuilder& LargeObjects(int id, const std::vector<LargeObject>& objects) {
    Byte(3).Int(id);
    for (const LargeObject& object : objects) {
      Int(object.oid);
      for (const std::string_view chunk : object.chunks) Text(chunk);
      Int(0);
    }
    return Int(0);
  }

  ArchiveBuilder& Byte(int value) {
    bytes += static_cast<char>(value);
    return *this;
  }
  ArchiveBuilder& Int(std::int64_t value) {
    Byte(value < 0 ? 1 : 0);
    std::uint64_t rest = static_cast<std::uint64_t>(value < 0 ? -value : value);
    for (int i = 0; i < int_size_; ++i) {
      Byte(static_cast<int>(rest & 255));
      rest >>= 8;
    }
    return *this;
  }
  ArchiveBuilder& Text(std::string_view text) {
    Int(static_cast<std::int64_t>(text.size()));
    bytes += text;
    return *this;
  }

  std::string bytes;

 private:
  void AddEntry(const Entry& entry) {
    Int(entry.id).Int(entry.has_data ? 1 : 0).Text("1259").Text("16390").Text("dlfileentry");
    Text(entry.has_data ? "TABLE DATA" : "TABLE").Int(3).Text(entry.definition);
    Int(-1).Int(-1).Text("public").Int(-1);
    if (minor_ >= 14) Text("heap");
    if (minor_ >= 16) Int('r');
    Text("lc2").Text("false");
    for (const std::string& dependency : entry.dependencies) Text(dependency);
    Int(-1);
    Byte(entry.has_data ? 1 : 3);
    for (int i = 0; i < 8; ++i) Byte(0);
  }

  const int minor_;
  int int_size_ = 4;
};

}  // namespace lc2::database
