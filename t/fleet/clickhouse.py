# SPDX-License-Identifier: Apache-2.0
"""Debian's ClickHouse 18.16 as a cluster of 2 shards of 2 replicas with one ZooKeeper, configured by the files of
conf/fleet/clickhouse/ but for addresses and passwords; and 26.7, which npm has in process."""

import re
import signal
import socket
import urllib.parse

from servers import CONF, PASSWORDS, TREE, Refused, Server, ask, free_ports, password_sum

ZOO = """\
tickTime=2000
dataDir={root}/data
clientPortAddress=127.0.0.1
clientPort={port}
admin.enableServer=false
4lw.commands.whitelist=srvr
maxClientCnxns=0
"""

# What a package's own config.xml says, and ours does not.
OWN = """\
<yandex>
  <logger><level>{level}</level><log>{root}/server.log</log><errorlog>{root}/error.log</errorlog><size>50M</size><count>1</count></logger>
  <listen_host>127.0.0.1</listen_host><http_port>{http}</http_port><tcp_port>{native}</tcp_port>
  <interserver_http_port>{replication}</interserver_http_port><interserver_http_host>127.0.0.1</interserver_http_host>
  <path>{root}/data/</path><tmp_path>{root}/tmp/</tmp_path><user_files_path>{root}/files/</user_files_path>
  <users_config>{root}/users.xml</users_config><default_profile>default</default_profile><default_database>default</default_database>
  <mark_cache_size>134217728</mark_cache_size><uncompressed_cache_size>0</uncompressed_cache_size>
  <max_concurrent_queries>100</max_concurrent_queries><keep_alive_timeout>3</keep_alive_timeout>
  <builtin_dictionaries_reload_interval>3600</builtin_dictionaries_reload_interval>
</yandex>
"""
OWN_USERS = """\
<yandex>
  <profiles><default><max_memory_usage>4000000000</max_memory_usage><log_queries>0</log_queries>
    <connect_timeout_with_failover_ms>500</connect_timeout_with_failover_ms></default></profiles>
  <users><default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users>
  <quotas><default><interval><duration>3600</duration><queries>0</queries><errors>0</errors><result_rows>0</result_rows>
    <read_rows>0</read_rows><execution_time>0</execution_time></interval></default></quotas>
</yandex>
"""


class ZooKeeper(Server):
    def __init__(self, place):
        super().__init__(place, "zookeeper")
        self.port, = free_ports(1)
        (self.root / "data").mkdir()
        (self.root / "zoo.cfg").write_text(ZOO.format(root=self.root, port=self.port))

    def command(self):
        jars = self.place.debian / "usr/share/java"
        return ["java", "-Xmx256m", "-cp", ":".join(str(jars / f"{jar}.jar") for jar in ("zookeeper", "zookeeper-jute", "metrics-core", "snappy-java", "slf4j-nop")),
                "org.apache.zookeeper.server.quorum.QuorumPeerMain", str(self.root / "zoo.cfg")]

    def is_up(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"srvr")
                return b"Mode: standalone" in connection.makefile("rb").read()
        except OSError:
            return False


class Node(Server):
    """One ClickHouse server."""

    is_replica = False

    def __init__(self, place, name, level="warning"):
        super().__init__(place, name)
        self.http, self.native, self.replication = free_ports(3)
        for folder in "data", "tmp", "files", "config.d", "users.d":
            (self.root / folder).mkdir()
        (self.root / "config.xml").write_text(OWN.format(level=level, **vars(self)))
        (self.root / "users.xml").write_text(OWN_USERS)
        users = (CONF / "clickhouse/users.xml").read_text()
        for user in PASSWORDS:
            users = users.replace(f"<{user}>\n      <password_sha256_hex>", f"<{user}>\n      <password_sha256_hex>{password_sum(user)}")
        (self.root / "users.d/finwait.xml").write_text(users)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.http}"

    def join(self, shard, nodes, zookeeper):
        """The shipped file with this cluster's addresses in the places of its own."""
        text = (CONF / "clickhouse/config.xml").read_text()
        for node, address in zip(nodes, ("11", "12", "21", "22"), strict=True):
            text = text.replace(f"<host>192.0.2.{address}</host><port>9000</port>", f"<host>127.0.0.1</host><port>{node.native}</port>")
        text = text.replace("<host>192.0.2.31</host><port>2181</port>", f"<host>127.0.0.1</host><port>{zookeeper.port}</port>")
        text = re.sub("<macros>.*</macros>", f"<macros><shard>{shard}</shard><replica>{self.name}</replica></macros>", text)
        (self.root / "config.d/finwait.xml").write_text(text)
        self.is_replica = True

    def command(self):
        return [str(self.place.debian / "usr/sbin/clickhouse-server"), f"--config-file={self.root}/config.xml"]

    def is_up(self):
        try:
            if not self.is_replica:
                return ask(f"{self.url}/ping", seconds=2) == "Ok.\n"
            return self.ask("SELECT count() > 0 FROM system.zookeeper WHERE path = '/'", seconds=5) == "1\n"
        except (OSError, Refused):
            return False

    def wait(self, seconds=60):
        """18.16 may crash where ZooKeeper does not answer at once; whoever supervises it starts it again."""
        for _ in range(3):
            try:
                return super().wait(seconds)
            except RuntimeError:
                if self.process.poll() != -signal.SIGSEGV:
                    raise
            self.start(wait=False)
        return super().wait(seconds)

    def ask(self, sql, user=None, seconds=120, **settings):
        return ask(f"{self.url}/?{urllib.parse.urlencode(settings)}", sql, user, seconds)

    def insert(self, lines, user="ship", into="finwait.lines", **settings):
        query = urllib.parse.urlencode({"query": f"INSERT INTO {into} FORMAT JSONEachRow", **settings})
        return ask(f"{self.url}/?{query}", lines, user)


def statements(text):
    """Of a file of SQL: each ends with a semicolon at a line's end."""
    for statement in re.split(r";\n", re.sub(r"^--.*\n", "", text, flags=re.M)):
        if statement.strip():
            yield statement.strip()


class Cluster:
    """nodes: the first two are the replicas of shard 1, the others of shard 2."""

    def __init__(self, place):
        self.zookeeper = ZooKeeper(place).start()
        self.nodes = [Node(place, f"shard{shard}{replica}") for shard in (1, 2) for replica in "ab"]
        for number, node in enumerate(self.nodes):
            node.join(number // 2 + 1, self.nodes, self.zookeeper)
            node.start()

    def shard(self, number):
        return self.nodes[2 * number - 2:2 * number]

    def ask(self, sql, **settings):
        return self.nodes[0].ask(sql, **settings)

    def apply_schema(self):
        for statement in statements((CONF / "clickhouse/schema.sql").read_text()):
            self.ask(statement)


class Chdb(Server):
    """26.7 behind the part of its HTTP interface that is used here; one question at a time."""

    def __init__(self, place):
        super().__init__(place, "chdb")
        self.http, = free_ports(1)

    url = Node.url
    ask = Node.ask
    insert = Node.insert

    def command(self):
        return ["node", str(TREE / "t/fleet/chdb.mjs"), str(self.place.cache / "chdb"), str(self.root / "data"), str(self.http)]

    is_replica = False
    is_up = Node.is_up

    def apply_schema(self):
        for statement in statements((CONF / "clickhouse/schema-single.sql").read_text()):
            self.ask(statement)
