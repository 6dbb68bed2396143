-- A batch of ballots: ARGV holds voter and cell of each. A voter counts once.
local counted = 0
for i = 1, #ARGV, 2 do
    if redis.call('SADD', 'voters', ARGV[i]) == 1 then
        redis.call('HINCRBY', 'tally', ARGV[i + 1], 1)
        counted = counted + 1
    end
end
return counted
