//! What the kernel says of processes and of itself (proc(5)).

use std::fs::read_to_string;
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// USER_HZ, which Linux fixes for what it shows to programs.
const TICKS_PER_SECOND: f64 = 100.0;
const PAGE_BYTES: u64 = 4096;

/// What some processes have used so far, all their threads added up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Usage {
    /// Seconds of CPU in user space and in the kernel, by `stat`: to 10 ms.
    pub(crate) user: f64,
    pub(crate) system: f64,
    /// Seconds of CPU of the threads that there are, by `schedstat`: exact.
    pub(crate) exact: f64,
    /// Of the busiest one of them.
    pub(crate) busiest: f64,
    pub(crate) resident_bytes: u64,
    /// What the processes have of their own: without shared libraries and files.
    pub(crate) private_bytes: u64,
    pub(crate) threads: u64,
    /// Times that a thread waited, and that it was put off the core.
    pub(crate) waits: u64,
    pub(crate) preemptions: u64,
    /// Calls of read(2), write(2) and their kind, by `io`. Calls that send and receive
    /// on sockets are not in it: Linux counts those nowhere in `/proc`.
    pub(crate) file_calls: u64,
}

impl Usage {
    /// # Errors
    /// One of them is gone.
    pub(crate) fn of(pids: &[u32]) -> anyhow::Result<Self> {
        let mut sum = Self::default();
        for pid in pids {
            sum.add(*pid).with_context(|| format!("process {pid}"))?;
        }
        Ok(sum)
    }

    /// CPU since an earlier reading.
    pub(crate) fn cpu_since(&self, before: &Self) -> Duration {
        let seconds = (self.user + self.system) - (before.user + before.system);
        Duration::from_secs_f64(seconds.max(0.0))
    }

    fn add(&mut self, pid: u32) -> anyhow::Result<()> {
        let file = |name: &str| read_to_string(format!("/proc/{pid}/{name}"));
        let (user, system) = cpu(&file("stat")?).context("stat")?;
        self.user += user;
        self.system += system;
        let status = file("status")?;
        self.resident_bytes += field(&status, "VmRSS:").context("VmRSS")? * 1024;
        // Needs the same user, and is not in every kernel.
        self.private_bytes += file("smaps_rollup").ok().map_or(0, |text| private(&text));
        self.file_calls += file("io").ok().map_or(0, |text| {
            field(&text, "syscr:").unwrap_or(0) + field(&text, "syscw:").unwrap_or(0)
        });
        for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
            let task = task?.path();
            // A thread may end at any time.
            let (Ok(schedstat), Ok(status)) = (
                read_to_string(task.join("schedstat")),
                read_to_string(task.join("status")),
            ) else {
                continue;
            };
            let ran = on_core(&schedstat).context("schedstat")?;
            self.exact += ran;
            self.busiest = self.busiest.max(ran);
            self.threads += 1;
            self.waits += field(&status, "voluntary_ctxt_switches:").unwrap_or(0);
            self.preemptions += field(&status, "nonvoluntary_ctxt_switches:").unwrap_or(0);
        }
        Ok(())
    }
}

/// What the kernel itself holds and has done, for all processes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kernel {
    pub(crate) slab_bytes: u64,
    /// Buffers of sockets, by `sockstat`.
    pub(crate) tcp_bytes: u64,
    pub(crate) udp_bytes: u64,
    /// Bytes that wait in UDP sockets, and packets that found no room in them.
    pub(crate) udp_waiting_bytes: u64,
    pub(crate) udp_drops: u64,
    /// UDP packets and TCP segments sent so far.
    pub(crate) udp_sent: u64,
    pub(crate) tcp_sent: u64,
}

impl Kernel {
    pub(crate) fn now() -> anyhow::Result<Self> {
        let sockstat = read_to_string("/proc/net/sockstat")?;
        let snmp = read_to_string("/proc/net/snmp")?;
        let (udp_waiting_bytes, udp_drops) = queues(&read_to_string("/proc/net/udp")?);
        Ok(Self {
            slab_bytes: field(&read_to_string("/proc/meminfo")?, "Slab:").unwrap_or(0) * 1024,
            tcp_bytes: pages(&sockstat, "TCP:").unwrap_or(0) * PAGE_BYTES,
            udp_bytes: pages(&sockstat, "UDP:").unwrap_or(0) * PAGE_BYTES,
            udp_waiting_bytes,
            udp_drops,
            udp_sent: counter(&snmp, "Udp:", "OutDatagrams").unwrap_or(0),
            tcp_sent: counter(&snmp, "Tcp:", "OutSegs").unwrap_or(0),
        })
    }
}

/// User and system seconds out of `stat`.
fn cpu(stat: &str) -> Option<(f64, f64)> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let mut seconds = || Some(fields.next()?.parse::<f64>().ok()? / TICKS_PER_SECOND);
    Some((seconds()?, seconds()?))
}

/// Seconds on a core out of `schedstat`.
fn on_core(schedstat: &str) -> Option<f64> {
    let nanos: u64 = schedstat.split_whitespace().next()?.parse().ok()?;
    Some(nanos as f64 / 1e9)
}

/// The number behind a name at a line's beginning.
fn field(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// Private bytes out of `smaps_rollup`.
fn private(text: &str) -> u64 {
    let clean = field(text, "Private_Clean:").unwrap_or(0);
    (clean + field(text, "Private_Dirty:").unwrap_or(0)) * 1024
}

/// `mem` of a protocol out of `sockstat`.
fn pages(sockstat: &str, protocol: &str) -> Option<u64> {
    let rest = sockstat.lines().find_map(|l| l.strip_prefix(protocol))?;
    let mut words = rest.split_whitespace();
    words.find(|word| *word == "mem")?;
    words.next()?.parse().ok()
}

/// Bytes that wait to be read, and drops, out of `/proc/net/udp`.
fn queues(udp: &str) -> (u64, u64) {
    let mut sum = (0, 0);
    for line in udp.lines().skip(1) {
        let words: Vec<_> = line.split_whitespace().collect();
        let waiting = words.get(4).and_then(|queues| queues.split_once(':'));
        let waiting = waiting.and_then(|(_, rx)| u64::from_str_radix(rx, 16).ok());
        let drops = words.last().and_then(|drops| drops.parse::<u64>().ok());
        sum.0 += waiting.unwrap_or(0);
        sum.1 += drops.unwrap_or(0);
    }
    sum
}

/// One counter out of `snmp`, whose names stand a line above the numbers.
fn counter(snmp: &str, protocol: &str, name: &str) -> Option<u64> {
    let mut lines = snmp.lines().filter_map(|l| l.strip_prefix(protocol));
    let place = lines.next()?.split_whitespace().position(|n| n == name)?;
    lines.next()?.split_whitespace().nth(place)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_does_not_move_the_fields() {
        let stat = "77 (a (b) c) S 1 77 77 0 -1 4194560 2 0 0 0 1250 375 0 0 20 0 3 0 99 1 2";
        assert_eq!(cpu(stat), Some((12.5, 3.75)));
        assert_eq!(cpu("77 (cut"), None);
    }

    #[test]
    fn threads_are_exact_to_the_nanosecond() {
        assert_eq!(on_core("1500000001 20 3\n"), Some(1.500000001));
        assert_eq!(on_core(""), None);
    }

    #[test]
    fn names_are_whole_names() {
        let status = "Name:\tx\nVmRSS:\t   1024 kB\nvoluntary_ctxt_switches:\t7\n\
                      nonvoluntary_ctxt_switches:\t9\n";
        assert_eq!(field(status, "VmRSS:"), Some(1024));
        assert_eq!(field(status, "voluntary_ctxt_switches:"), Some(7));
        assert_eq!(field(status, "nonvoluntary_ctxt_switches:"), Some(9));
        assert_eq!(field(status, "VmSwap:"), None);
        let rollup = "00-ff ---p 0 00:00 0 [rollup]\nRss: 9 kB\nPrivate_Clean: 3 kB\n\
                      Private_Dirty: 4 kB\n";
        assert_eq!(private(rollup), 7 * 1024);
    }

    #[test]
    fn socket_memory_is_in_pages() {
        let text = "sockets: used 9\nTCP: inuse 5 orphan 0 tw 2 alloc 7 mem 31\n\
                    UDP: inuse 3 mem 12\nUDPLITE: inuse 0\n";
        assert_eq!(pages(text, "TCP:"), Some(31));
        assert_eq!(pages(text, "UDP:"), Some(12));
        assert_eq!(pages(text, "RAW:"), None);
    }

    #[test]
    fn queues_and_drops_of_all_udp_sockets_are_added_up() {
        let text = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when \
                    retrnsmt   uid  timeout inode ref pointer drops\n\
                    1: 0100007F:1151 00000000:0000 07 00000000:00000300 00:00000000 00000000 \
                    0 0 5 2 0000000000000000 4\n\
                    2: 0100007F:1152 00000000:0000 07 00000000:00000001 00:00000000 00000000 \
                    0 0 6 2 0000000000000000 0\n";
        assert_eq!(queues(text), (0x301, 4));
    }

    #[test]
    fn counters_are_found_by_their_names() {
        let text = "Tcp: RtoAlgorithm OutSegs\nTcp: 1 400\nUdp: InDatagrams OutDatagrams\n\
                    Udp: 5 6\nUdpLite: InDatagrams OutDatagrams\nUdpLite: 0 0\n";
        assert_eq!(counter(text, "Udp:", "OutDatagrams"), Some(6));
        assert_eq!(counter(text, "Tcp:", "OutSegs"), Some(400));
        assert_eq!(counter(text, "Udp:", "NoPorts"), None);
    }

    #[test]
    fn this_process_can_be_read() {
        let usage = Usage::of(&[std::process::id()]).expect("this process");
        assert!(usage.resident_bytes > 0 && usage.threads > 0);
        Kernel::now().expect("the kernel");
    }
}
