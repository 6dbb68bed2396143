"""The voting demos' Spark job: their two sums over votes_topic, as their spark-streaming.py has
them (their schema, watermark and output mode, checkpoint on). Written anew; broker, topics, jars
and folder are arguments: job.py BROKER TOPIC CANDIDATES_TOPIC TURNOUT_TOPIC FOLDER JARS PARTITIONS
"""

import sys

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, from_json
from pyspark.sql.functions import sum as total
from pyspark.sql.types import IntegerType, StringType, StructField, StructType, TimestampType

BEFORE = ("voter_id", "candidate_id")
NAMES = ("voter_name", "party_affiliation", "biography", "campaign_platform", "photo_url",
         "candidate_name", "date_of_birth", "gender", "nationality", "registration_number")
ADDRESS = ("street", "city", "state", "country", "postcode")
AFTER = ("email", "phone_number", "cell_number", "picture")


def strings(names):
    return [StructField(name, StringType(), True) for name in names]


def schema():
    return StructType([
        *strings(BEFORE), StructField("voting_time", TimestampType(), True), *strings(NAMES),
        StructField("address", StructType(strings(ADDRESS)), True), *strings(AFTER),
        StructField("registered_age", IntegerType(), True),
        StructField("vote", IntegerType(), True)])


def main():
    broker, topic, candidates_topic, turnout_topic, folder, jars, partitions = sys.argv[1:]
    builder = (SparkSession.builder.appName("ElectionAnalysis").master("local[*]")
               .config("spark.jars", jars).config("spark.ui.enabled", "false")
               .config("spark.sql.adaptive.enabled", "false"))
    if partitions != "default":
        builder = builder.config("spark.sql.shuffle.partitions", partitions)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("WARN")
    votes = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", broker)
             .option("subscribe", topic).option("startingOffsets", "earliest").load()
             .selectExpr("CAST(value AS STRING)")
             .select(from_json(col("value"), schema()).alias("data")).select("data.*")
             .withColumn("voting_time", col("voting_time").cast(TimestampType()))
             .withColumn("vote", col("vote").cast(IntegerType()))
             .withWatermark("voting_time", "1 minute"))
    by_candidate = votes.groupBy("candidate_id", "candidate_name", "party_affiliation",
                                 "photo_url").agg(total("vote").alias("total_votes"))
    by_state = votes.groupBy("address.state").count()
    queries = [(result.selectExpr("to_json(struct(*)) AS value").writeStream.format("kafka")
                .option("kafka.bootstrap.servers", broker).option("topic", out)
                .option("checkpointLocation", f"{folder}/{out}").outputMode("update").start())
               for result, out in ((by_candidate, candidates_topic), (by_state, turnout_topic))]
    for query in queries:
        query.awaitTermination()


if __name__ == "__main__":
    main()
