"""Words that the planner knows. What stands here is never taken for a process, unless it is quoted. Data only."""


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


FUNCTION_WORDS = words("""
a about above across actually after again against ago all almost alone along already also although always am amid
among an and another any anybody anyhow anymore anyone anything anyway anywhere apart are aren't around as aside at
away back be became because become becomes been before behind being below beside besides better between beyond both
but by came can can't cannot cause come comes coming could couldn't current currently did didn't do does doesn't doing
don't done down due during each either else elsewhere enough entire even ever every everybody everyone everything
everywhere exactly except excluding far few fewer first for forever from further get gets getting give given gives
giving go goes going gone good got had hadn't has hasn't have haven't having he hello help her here hers hey hi him
his how however i i'd i'll i'm i've if in including indeed inside instead into is isn't it it's its itself just keep
keeps kept kind last lately later latest least less let lets like likely little long longer look looking looks lot
lots made main mainly make makes making many may maybe me mean means might mine more moreover most mostly much must my
myself near nearly need needs neither never new newer newest next no nobody none nope nor not nothing now nowhere of
off often oh ok okay old older on once one ones only onto or other others otherwise ought our ours out outside over
overall own past per perhaps please plus possible possibly previous previously prior probably quite rather really
recent recently right said same say saying says see seem seems seen shall she should shouldn't show showing shown
since so some somebody someone something sometimes somewhere soon still such sure than thank thanks that the their
theirs them themselves then there therefore these they thing things think this those though through thus till to today
together tomorrow tonight too toward towards try trying twice under unless unlike until up upon us use used uses using
usually various very via want wants was wasn't way we well went were weren't what whatever whats when whenever where
whereas wherever whether which while who whoever whole whom whos whose why wich will wish with within without won't
would wouldn't yeah yep yes yesterday yet you your yours
""")

DOMAIN_WORDS = words("""
abort aborted aborts accept accepted active activity address addresses analyse analysed analysis analyze analyzed
answer answered answering answers api app application attempt attempted attempting attempts bad bandwidth beacon
beaconing beacons behave behaves behaving behavior behaviors behaviour behaviours bigger biggest binary bit bits block
blocked blocking blocks body break breaking breaks broke broken burst bursts bursty busiest busy bytes call called
calling calls cause caused causes causing cert certificate chattiest chatty check checked checking checks close closed
closes closing code comm command common compare conn connect connected connecting connection connections connectivity
connects conns contact contacting contacts container containers count counts daemon data dead delay delayed delays
denied deny destination destinations detail details diagnose dial dialing dials die died dies discard discarded
discards display dns drop droplist dropped dropping drops dropsummary ebpf egress endpoint endpoints error errors
establish established establishing etc event events examine executable exhausted expire expired explain fail failed
failing fails failure
failures fan fan-out fast faster fault faults fine fired firewall fix fixed flaky flow flows frequent frequently
getaddrinfo handshake handshakes hang hanging hangs happen happened happening happens harmless health healthy high
higher highest home host hostname hosts hour hours http https hung icmp id idle inbound incoming ingress insights
inspect internal investigate ip ips issue issues job kernel lag lagging laggy largest latency least limit list listed
listen listening lists local locals log logs lookup lookups loop lose loses losing loss lost low lower lowest max
maximum message messages min minimum minute minutes monitor name named names net netspy network networking networks
newcomer newly noisiest noisy normal normally number numbers nxdomain odd oddly online open opened opening opens os
outage outages outbound outcome outcomes outgoing overview packet packets path pattern patterns percent percentage
performance period periodic periodically pid pids ping pings pod pods poll polling port ports problem problems process
processes program programs protocol proxy query question quiet rate ratio raw reach reachable reached reaches reaching
reason reasons reconnect reconnecting refuse refused refuses refusing regular regularly reject rejected rejecting
rejects remote repeat repeated repeatedly report reports request requests reset resets resetting resolve resolved
resolves resolving respond responding responds response responses restart restarted restarting result results
retransmit retransmits retries retry retrying route routes routing row rows rtt run running runs scan scanned scanning
scans second seconds send sending sends sent server servers service services session sessions shut skb skbs slow
slower slowest slowly sluggish socket sockets sort source speed spike spikes ssl stall stalled stalls start started
starting starts stat state statistics stats status stop stopped stopping stops strange stuck succeed succeeded
succeeding success successful successfully sudden suddenly summarise summarize summary suspicious syn synack syns
system systems table take takes taking talk talker talkers talking talks target targets tcp tell telnet tests
throughput time timed timeout timeouts times timing tls top total totals touch trace track traffic trend trends
trouble troubles troubleshoot udp unable unanswered unexpected unexpectedly unhealthy unix unreachable unresponsive
unsuccessful unusual uptime view wait waited waiting waits watch weird window wired work worked working works worse
worst wrong zero
backlog backlogs begin begins began begun bigger chart charts download downloaded downloading downloads exchange flood
flooded flooding floods gigabytes graph graphs histogram hog hogging hogs listener listeners megabytes migration
namespaces p50 p90 p95 p99 pair pairs percentile percentiles plot plots queue queues rcode rcodes receive received
receives receiving resent resolver resolvers retransmission retransmissions retransmitted retransmitting rollouts rst
rsts segment segments servfail slot slots timeline transfer transferred transferring transfers uid upload uploaded
uploading uploads
""")

THINGS_AND_PEOPLE = words("""
abnormal admin afternoon ah aha alarm alarms alert alerts analyst anomalies anomalous anomaly april area ask asked
asking august aware awesome backend backends bank basic batch beginning believe big board boss bot box boxes branch
bro browser browsers bug bugs build builds business button bye case cases certain change changes chat cheers client
clients cloud cluster clusters colleague colleagues company compare comparison complete completely computer computers
config configuration console context cool country couple crash crashed crashes crashing customer customers dashboard
database databases datacenter date day days db dear debug debugging december deep demo deploy deployed deployment
deployments desk dev developer developers device devices die difference different disk docs double dozen dude early
eight eleven emergency end engineer engineers entire env environment evening evidence example examples extra fact
february feel feels fifteen fifty file files find finding five fleet folks forty found four friday friend friends
frontend full fun function gateway give goodbye grafana great guess guest guide guy guys half hand happen hardware
hear heard help history hm hmm hope hundred idea image impact important incident incidents info information infra
infrastructure input instance instances interest interesting interface interfaces internet interval intervals
investigation january joke july june k8s know known knows kubernetes lan laptop late lgtm life light line lines link
links live load machine machines main major man manager march market master mate matter matters maximum memory mesh
midnight mine minor mode moment moments monday month months morning ms name nice night nine ninety node nodes noon
note notes november obvious october office on-call oncall oops ops order output owner page pager pages panic part
particular parts payload people perfect person phone picture place plan platform please pls plz poem point policy
present prod production project provider purpose quarter quick quickly read reader reading record recording records
region release releases remember replies reply resource resources review risk rollout root rule rules saturday
scheduled scope screen script scripts security september setup seven several shell shift short show side sign similar
simple site sites six sixty small software solution sorry space specific stack staff staging step steps stuff subnet
sunday super support switch task tasks team teams tech tell ten tenant term terminal test testing text third thirty
thousand thread threads three thursday thx ticket tickets title told tool tools topic total tuesday twelve twenty two
ty type types uh um understand understood update updates upgrade upgrades upstream user users value values version
view vlan vm vms vpn weather web webpage website wednesday week weekend weeks wifi wlan wonder wondering word words
workload workloads world wow write year years yo
automatic concurrent constant duplicate exit existing expected external half-open heavy intermittent ipv4 ipv6 massive
multiple occasional parallel peer peers permanent persistent pending quit random real simultaneous sporadic temporary
ton tons transient unique
""")

VOCABULARY = FUNCTION_WORDS | DOMAIN_WORDS | THINGS_AND_PEOPLE

WELL_KNOWN_PROCESSES = words("""
NetworkManager apache2 beam.smp bind caddy celery chrome chromium chronyd clickhouse-serv consul containerd coredns
cron crond curl dig dnsmasq dockerd dovecot elasticsearch envoy etcd filebeat firefox fluent-bit fluentd ftp git
grafana-server gunicorn haproxy httpd java journald kafka kube-apiserver kube-proxy kubelet mariadbd memcached minio
mongod mosquitto mysql mysqld named nc ncat netdata nginx nmap node node_exporter nomad nslookup ntpd openvpn perl php
php-fpm postfix postgres prometheus psql python python3 rabbitmq-server redis-cli redis-server rsync rsyslogd ruby scp
sftp snapd socat squid ssh sshd systemd systemd-network systemd-resolve systemd-timesyn tailscaled telegraf traefik
unbound uvicorn uwsgi varnishd vault vector wg-quick wget zabbix_agentd zookeeper
""")

AMBIGUOUS_PROCESSES = words("node named bind vector vault git chrome java ruby consul squid postfix")
"""Programs whose names are also words: they need more than to be mentioned."""

PROCESS_NOUNS = words("process program binary executable daemon service app application container pod job comm")

KEYWORDS = words("""
analyse analyze attempts beaconing behavior behaviour bursts connected connecting connection connections destination
destinations dropped dropping drops errors everything failed failing failure failures happening hours latency latest
minute minutes network newest packet packets pattern patterns periodic process processes reason reasons recent refused
rejected second seconds summarize summary suspicious system timeout timeouts traffic unreachable yesterday
""")
"""The words that decide what is meant: those whose misspellings are understood."""
