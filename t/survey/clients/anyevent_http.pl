# SPDX-License-Identifier: Apache-2.0
# client: Perl AnyEvent::HTTP loop
# kind: library
# debian: libanyevent-http-perl libnet-ssleay-perl
use strict;
use warnings;
use AnyEvent;
use AnyEvent::HTTP;

my ($url, $times, $size) = @ARGV;
if ($size) {
    print "it takes the reply as fast as it comes\n";
    exit 77;
}

sub fetch {
    my $left = shift;
    http_get($url, persistent => 1, sub { fetch($left - 1) if $left > 1 });
}
fetch($times);
AnyEvent->condvar->recv;
