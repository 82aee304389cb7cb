//! A network namespace of one's own, with a TUN device in it: a network that nobody else sees and that vanishes with
//! the last file that refers to it.
//!
//! Namespaces belong to threads. A thread visits one to open sockets and to read the kernel's tables, and goes home
//! again, so that a program that uses the adapter is where it was before.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use nix::sched::{CloneFlags, setns, unshare};
use tun_rs::{DeviceBuilder, SyncDevice};

use crate::stack::Setup;

/// The namespace that the calling thread is in.
const PRESENT: &str = "/proc/thread-self/ns/net";

/// Settings below `/proc/sys/net` that make the kernel's answers repeatable. Older kernels do without some of them.
/// What is switched off is optional, or holds back answers that this program asks for too fast.
const SETTINGS: [(&str, &str); 33] = [
    // Acknowledgments of unacceptable segments and resets are held back by default (RFC 5961 §7): a case that asks
    // twice in half a second would get one answer.
    ("ipv4/tcp_invalid_ratelimit", "0"),
    ("ipv4/tcp_challenge_ack_limit", "2147483647"),
    ("ipv4/icmp_ratelimit", "0"),
    ("ipv6/icmp/ratelimit", "0"),
    // Options that scenarios do not speak of.
    ("ipv4/tcp_timestamps", "0"),
    ("ipv4/tcp_window_scaling", "1"),
    ("ipv4/tcp_sack", "1"),
    ("ipv4/tcp_ecn", "0"),
    ("ipv4/tcp_fastopen", "0"),
    ("ipv4/tcp_syncookies", "0"),
    ("ipv4/tcp_mtu_probing", "0"),
    // Nothing is learned from one connection for the next.
    ("ipv4/tcp_no_metrics_save", "1"),
    ("ipv4/tcp_tw_reuse", "0"),
    ("ipv4/tcp_max_tw_buckets", "262144"),
    // Sending follows from the window and the classic timers alone.
    ("ipv4/tcp_congestion_control", "reno"),
    ("ipv4/tcp_autocorking", "0"),
    ("ipv4/tcp_slow_start_after_idle", "0"),
    ("ipv4/tcp_early_retrans", "0"),
    ("ipv4/tcp_recovery", "0"),
    ("ipv4/tcp_min_tso_segs", "1"),
    ("ipv4/tcp_moderate_rcvbuf", "0"),
    ("ipv4/tcp_rto_min_us", "200000"),
    ("ipv4/tcp_syn_linear_timeouts", "0"),
    ("ipv4/tcp_plb_enabled", "0"),
    ("ipv4/ip_local_port_range", "32768 60999"),
    // Source routes are refused by default.
    ("ipv4/conf/all/accept_source_route", "1"),
    ("ipv4/conf/default/accept_source_route", "1"),
    // An address can be used at once, and nothing is said that a scenario did not ask for.
    ("ipv6/conf/all/accept_ra", "0"),
    ("ipv6/conf/default/accept_ra", "0"),
    ("ipv6/conf/default/accept_dad", "0"),
    ("ipv6/conf/default/dad_transmits", "0"),
    ("ipv6/conf/default/router_solicitations", "0"),
    ("ipv6/conf/default/addr_gen_mode", "1"),
];

/// Settings of a namespace that others are made from.
const SETTINGS_FOR_CHILDREN: [(&str, &str); 1] = [
    // A table of sockets of their own. To look for a socket in the one that all share takes milliseconds.
    ("ipv4/tcp_child_ehash_entries", "1024"),
];

/// A namespace without a device, in which all others are made.
///
/// They are made one after the other, as the kernel makes them. Threads that wait for their turn inside the kernel hold up
/// those of its own that have to finish the one that is being made, by seconds on a busy machine.
static NURSERY: Mutex<Option<Namespace>> = Mutex::new(None);

/// A namespace with a device in it.
///
/// # Errors
/// What the kernel does not do, and why.
pub(super) fn network(setup: &Setup) -> Result<(Namespace, SyncDevice), String> {
    // A thread that panicked here has left nothing half done.
    let mut nursery = NURSERY.lock().unwrap_or_else(PoisonError::into_inner);
    let namespace = in_nursery(&mut nursery)
        .map_err(|error| format!("the kernel makes no network namespace (are you root?): {error}"))?;
    let device = namespace
        .device(setup)
        .map_err(|error| format!("the kernel makes no device by /dev/net/tun: {error}"))?;
    Ok((namespace, device))
}

fn in_nursery(nursery: &mut Option<Namespace>) -> io::Result<Namespace> {
    let nursery = match nursery {
        Some(nursery) => nursery,
        None => nursery.insert(Namespace::new(&SETTINGS_FOR_CHILDREN)?),
    };
    let _visit = nursery.visit()?;
    Namespace::new(&SETTINGS)
}

/// A network namespace; it lasts as long as this, its devices and its sockets.
pub(super) struct Namespace {
    inside: File,
}

impl Namespace {
    /// Makes one with these settings.
    ///
    /// # Errors
    /// No right to do so, or a kernel without namespaces.
    fn new(settings: &[(&str, &str)]) -> io::Result<Self> {
        let home = File::open(PRESENT)?;
        unshare(CloneFlags::CLONE_NEWNET)?;
        let _visit = Visit { home };
        let namespace = Self { inside: File::open(PRESENT)? };
        for (name, value) in settings {
            // One that is missing is missing in every run on this kernel.
            let _ = fs::write(format!("/proc/sys/net/{name}"), value);
        }
        Ok(namespace)
    }

    /// Brings the calling thread into the namespace, until the visit is dropped.
    pub(super) fn visit(&self) -> io::Result<Visit> {
        let home = File::open(PRESENT)?;
        setns(&self.inside, CloneFlags::CLONE_NEWNET)?;
        Ok(Visit { home })
    }

    /// The namespace's one device, which has the stack's address and reaches the peer's.
    ///
    /// # Errors
    /// No right to do so, no `/dev/net/tun`, or an address that the kernel does not want.
    fn device(&self, setup: &Setup) -> io::Result<SyncDevice> {
        let _visit = self.visit()?;
        let builder = DeviceBuilder::new().name("tun0");
        let builder = match setup.local {
            IpAddr::V4(address) => builder.mtu(setup.mtu).ipv4(address, 24_u8, None),
            IpAddr::V6(address) => builder.mtu(setup.mtu).ipv6(address, 64_u8),
        };
        let device = builder.build_sync()?;
        device.set_nonblocking(true)?;
        for _ in 0..MOST_LOOKS {
            if !is_tentative()? {
                return Ok(device);
            }
            thread::sleep(Duration::from_millis(1));
        }
        Err(io::Error::new(ErrorKind::TimedOut, "the IPv6 address does not become usable"))
    }
}

/// How often to look whether an address has become usable.
const MOST_LOOKS: u32 = 10_000;

/// Whether the thread's namespace has an IPv6 address that nobody may use yet: the kernel looks for others who have it,
/// and even where it need not, some other thread of its own decides so.
fn is_tentative() -> io::Result<bool> {
    const IFA_F_TENTATIVE: u32 = 0x40;
    let addresses = match fs::read_to_string("/proc/thread-self/net/if_inet6") {
        // A kernel without IPv6.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        addresses => addresses?,
    };
    // Address, index, length of the prefix, scope, flags and device.
    let flags = |line: &str| u32::from_str_radix(line.split_whitespace().nth(4)?, 16).ok();
    Ok(addresses.lines().filter_map(flags).any(|flags| flags & IFA_F_TENTATIVE != 0))
}

/// A thread's stay in another namespace.
pub(super) struct Visit {
    home: File,
}

impl Drop for Visit {
    fn drop(&mut self) {
        // Staying would send the rest of the thread's traffic into the wrong network.
        setns(&self.home, CloneFlags::CLONE_NEWNET).expect("a thread may go back to where it came from");
    }
}
