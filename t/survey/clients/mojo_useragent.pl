# SPDX-License-Identifier: Apache-2.0
# client: Perl Mojo::UserAgent loop
# kind: library
# debian: libmojolicious-perl libio-socket-ssl-perl ca-certificates
use strict;
use warnings;
use Mojo::UserAgent;

my ($url, $times, $size) = @ARGV;
if ($size) {
    print "it takes the reply as fast as it comes\n";
    exit 77;
}
my $agent = Mojo::UserAgent->new(insecure => 1);

sub fetch {
    my $left = shift;
    $agent->get($url => sub { fetch($left - 1) if $left > 1 });
}
fetch($times);
Mojo::IOLoop->start;
