//! What the link promises, and that each of its faults happens about as often as asked.

use super::*;

const PACKETS: u32 = 10_000;

/// Sends packets that carry their number, one a millisecond, and takes each arrival at its time.
fn play(options: LinkOptions, packets: u32) -> (Vec<(Instant, Vec<u8>)>, Counts) {
    let mut link = Link::new(options);
    let mut arrivals = Vec::new();
    for number in 0..packets {
        let now = Instant(u64::from(number) * 1000);
        take_until(&mut link, now, &mut arrivals);
        link.send(now, &number.to_be_bytes());
    }
    take_until(&mut link, Instant(u64::MAX), &mut arrivals);
    (arrivals, link.counts())
}

fn take_until(link: &mut Link, end: Instant, arrivals: &mut Vec<(Instant, Vec<u8>)>) {
    while let Some(time) = link.next_delivery().filter(|time| *time <= end) {
        let packet = link.receive(time).expect("a packet arrives when the link said so");
        arrivals.push((time, packet.clone()));
        link.recycle(packet);
    }
}

fn number(packet: &[u8]) -> u32 {
    u32::from_be_bytes(packet.try_into().expect("packets carry four octets"))
}

/// A tenth, give or take four standard deviations of ten thousand throws (30 each).
fn about_a_tenth(count: u64) -> bool {
    (880..=1120).contains(&count)
}

const TENTH: Ratio = Ratio { times: 1, of: 10 };

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn everything(seed: u64) -> LinkOptions {
    LinkOptions {
        seed,
        delay: millis(20),
        jitter: millis(10),
        loss: TENTH,
        duplication: TENTH,
        reordering: TENTH,
        set_aside: millis(40),
        corruption: TENTH,
        lifetime: millis(65),
        ..LinkOptions::default()
    }
}

#[test]
fn a_perfect_link_loses_nothing_and_keeps_time_and_order() {
    let options = LinkOptions { delay: millis(20), ..LinkOptions::default() };
    let (arrivals, counts) = play(options, PACKETS);
    let expected: Vec<_> = (0..PACKETS)
        .map(|number| (Instant(u64::from(number) * 1000 + 20_000), number.to_be_bytes().to_vec()))
        .collect();
    assert_eq!(arrivals, expected);
    let all = u64::from(PACKETS);
    assert_eq!(counts, Counts { sent: all, delivered: all, ..Counts::default() });
}

#[test]
fn the_same_seed_gives_the_same_deliveries_and_another_seed_others() {
    assert_eq!(play(everything(7), 1000), play(everything(7), 1000));
    assert_ne!(play(everything(7), 1000).0, play(everything(8), 1000).0);
}

#[test]
fn each_fault_happens_about_as_often_as_asked_and_none_unasked() {
    let plain = LinkOptions { delay: millis(20), ..LinkOptions::default() };
    let of = |options| play(options, PACKETS).1;
    let Counts { lost, delivered, .. } = of(LinkOptions { loss: TENTH, ..plain });
    assert!(
        about_a_tenth(lost) && delivered == u64::from(PACKETS) - lost,
        "{lost} lost, {delivered} delivered"
    );
    let Counts { duplicated, delivered, .. } = of(LinkOptions { duplication: TENTH, ..plain });
    assert!(about_a_tenth(duplicated) && delivered == u64::from(PACKETS) + duplicated, "{duplicated} twice");
    let Counts { set_aside, lost, .. } = of(LinkOptions { reordering: TENTH, set_aside: millis(5), ..plain });
    assert!(about_a_tenth(set_aside) && lost == 0, "{set_aside} set aside");
    let Counts { corrupted, lost, .. } = of(LinkOptions { corruption: TENTH, ..plain });
    assert!(about_a_tenth(corrupted) && lost == 0, "{corrupted} corrupted");
}

#[test]
fn one_fault_does_not_change_whom_another_one_meets() {
    let lossy = LinkOptions { loss: TENTH, ..LinkOptions::default() };
    let damaging = LinkOptions { corruption: TENTH, duplication: TENTH, ..lossy };
    assert_eq!(play(lossy, PACKETS).1.lost, play(damaging, PACKETS).1.lost);
}

#[test]
fn jitter_alone_stays_in_its_bounds_and_keeps_the_order() {
    let options = LinkOptions { delay: millis(20), jitter: millis(10), ..LinkOptions::default() };
    let (arrivals, _) = play(options, PACKETS);
    for (index, (time, packet)) in (0..).zip(&arrivals) {
        assert_eq!(number(packet), index);
        let taken = time.since(Instant(u64::from(index) * 1000));
        assert!((millis(20)..=millis(30)).contains(&taken), "{taken:?}");
    }
    assert_ne!(arrivals[0].0.since(Instant::ZERO), arrivals[500].0.since(Instant(500_000)));
}

#[test]
fn a_packet_set_aside_is_overtaken_and_nobody_waits_for_it() {
    let options = LinkOptions { reordering: TENTH, set_aside: millis(5), ..LinkOptions::default() };
    let (arrivals, counts) = play(options, PACKETS);
    let late = arrivals.iter().filter(|(time, packet)| *time > Instant(u64::from(number(packet)) * 1000));
    assert_eq!(late.count() as u64, counts.set_aside);
    assert!(arrivals.windows(2).any(|pair| number(&pair[0].1) > number(&pair[1].1)));
}

#[test]
fn corruption_flips_exactly_one_bit() {
    let options = LinkOptions { corruption: Ratio::ALWAYS, ..LinkOptions::default() };
    let (arrivals, _) = play(options, 1000);
    let flipped = |(index, (_, packet)): (u32, &(Instant, Vec<u8>))| index ^ number(packet);
    let flips: Vec<u32> = (0..).zip(&arrivals).map(flipped).collect();
    assert!(flips.iter().all(|flip| flip.count_ones() == 1));
    assert_eq!(flips.iter().fold(0, |all, flip| all | flip), u32::MAX, "every bit is hit some time");
}

#[test]
fn no_packet_arrives_after_its_lifetime() {
    let (arrivals, counts) = play(everything(3), PACKETS);
    let age = |(time, packet): &(Instant, Vec<u8>)| time.since(Instant(u64::from(number(packet)) * 1000));
    let sound = LinkOptions { corruption: Ratio::NEVER, ..everything(3) };
    assert!(play(sound, PACKETS).0.iter().all(|arrival| age(arrival) <= millis(65)));
    assert!(counts.expired > 0 && !arrivals.is_empty());
    let too_slow = LinkOptions { delay: millis(2), lifetime: millis(1), ..LinkOptions::default() };
    let (arrivals, counts) = play(too_slow, 10);
    assert_eq!((arrivals.len(), counts.expired), (0, 10));
}

#[test]
fn a_packet_held_back_arrives_when_released_if_it_still_lives() {
    let mut link = Link::new(LinkOptions { lifetime: millis(50), ..LinkOptions::default() });
    link.hold_next();
    assert_eq!(link.send(Instant::ZERO, b"old"), Fate::Held);
    assert_eq!(link.send(Instant::ZERO, b"new"), Fate::UnderWay(Instant::ZERO));
    assert_eq!(link.receive(Instant::ZERO).as_deref(), Some(&b"new"[..]));
    assert_eq!(link.next_delivery(), None);
    assert!(link.release(Instant(50_000)));
    assert_eq!(link.receive(Instant(50_000)).as_deref(), Some(&b"old"[..]));

    link.hold_next();
    link.send(Instant(60_000), b"too old");
    assert!(!link.release(Instant(110_001)), "its lifetime is over");
    assert_eq!((link.receive(Instant(200_000)), link.counts().expired), (None, 1));
    assert!(!link.release(Instant(200_000)), "nothing is held any more");
}

#[test]
fn the_next_packet_is_lost_on_purpose_and_only_that() {
    let mut link = Link::new(LinkOptions::default());
    link.lose_next();
    assert_eq!(link.send(Instant::ZERO, b"a"), Fate::Lost);
    assert_eq!(link.send(Instant::ZERO, b"b"), Fate::UnderWay(Instant::ZERO));
    assert_eq!(link.counts(), Counts { sent: 2, lost: 1, ..Counts::default() });
}

#[test]
fn a_full_link_drops_what_is_sent() {
    let mut link = Link::new(LinkOptions { capacity: 2, delay: millis(1), ..LinkOptions::default() });
    link.hold_next();
    link.send(Instant::ZERO, b"a");
    assert_eq!(link.send(Instant::ZERO, b"b"), Fate::UnderWay(Instant(1000)));
    assert_eq!(link.send(Instant::ZERO, b"c"), Fate::Lost);
    assert_eq!(link.counts().overflowed, 1);
    assert!(link.receive(Instant(1000)).is_some());
    assert_eq!(link.send(Instant(1000), b"d"), Fate::UnderWay(Instant(2000)));
}

#[test]
fn the_generator_is_split_mix_64() {
    // The first values of seed 1234567 as other implementations print them.
    let mut generator = Generator::new(1_234_567);
    assert_eq!(generator.bits(), 6_457_827_717_110_365_317);
    assert_eq!(generator.bits(), 3_203_168_211_198_807_973);
    assert!(!generator.happens(Ratio::NEVER) && generator.happens(Ratio::ALWAYS));
    assert!(!generator.happens(Ratio { times: 1, of: 0 }));
    assert_eq!(generator.below(0), 0);
}
