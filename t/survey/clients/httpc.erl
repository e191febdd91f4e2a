#!/usr/bin/env escript
% SPDX-License-Identifier: Apache-2.0
% client: Erlang httpc
% kind: library
% debian: erlang-inets erlang-ssl erlang-public-key erlang-asn1 erlang-crypto
-mode(compile).

main([Url, Times, Size]) ->
    case Size of
        "0" -> ok;
        _ -> io:format("it takes the reply as fast as it comes~n"), halt(77)
    end,
    {ok, _} = application:ensure_all_started(inets),
    {ok, _} = application:ensure_all_started(ssl),
    Ssl = [{ssl, [{verify, verify_none}]}],
    [{ok, _} = httpc:request(get, {Url, []}, Ssl, []) || _ <- lists:seq(1, list_to_integer(Times))],
    timer:sleep(3600000).
