/* Data only. */
#include "election/synthetic/names.h"

#define NAMES(array)                                                                               \
    {                                                                                              \
        array, sizeof(array) / sizeof(array)[0]                                                    \
    }

static const char *const women[] = {
    "Mary",     "Patricia", "Jennifer",  "Linda",      "Elizabeth", "Barbara",   "Susan",
    "Jessica",  "Sarah",    "Karen",     "Lisa",       "Nancy",     "Betty",     "Sandra",
    "Margaret", "Ashley",   "Kimberly",  "Emily",      "Donna",     "Michelle",  "Carol",
    "Amanda",   "Melissa",  "Deborah",   "Stephanie",  "Rebecca",   "Laura",     "Sharon",
    "Cynthia",  "Amy",      "Kathleen",  "Angela",     "Shirley",   "Brenda",    "Emma",
    "Anna",     "Pamela",   "Nicole",    "Samantha",   "Katherine", "Christine", "Helen",
    "Debra",    "Rachel",   "Carolyn",   "Janet",      "Maria",     "Catherine", "Heather",
    "Diane",    "Olivia",   "Julie",     "Joyce",      "Victoria",  "Ruth",      "Virginia",
    "Lauren",   "Kelly",    "Christina", "Joan",       "Evelyn",    "Judith",    "Andrea",
    "Hannah",   "Megan",    "Cheryl",    "Jacqueline", "Martha",    "Madison",   "Teresa",
    "Gloria",   "Sara",     "Janice",    "Ann",        "Kathryn",   "Abigail",   "Sophia",
    "Frances",  "Jean",     "Alice",     "Judy",       "Isabella",  "Julia",     "Grace",
    "Amber",    "Denise",   "Danielle",  "Marilyn",    "Beverly",   "Charlotte", "Natalie",
    "Theresa",  "Diana",    "Brittany",  "Doris",      "Kayla",     "Alexis",    "Lori",
    "Marie",    "Rosa",     "Guadalupe", "Inés",       "Zoë",       "Chloé",     "Noor",
    "Mei",      "Priya",    "Yuki",      "Fatima",     "Ngozi",     "Ingrid",    "Siobhán",
};

static const char *const men[] = {
    "James",     "Robert",    "John",        "Michael", "David",    "William",  "Richard",
    "Joseph",    "Thomas",    "Christopher", "Charles", "Daniel",   "Matthew",  "Anthony",
    "Mark",      "Donald",    "Steven",      "Andrew",  "Paul",     "Joshua",   "Kenneth",
    "Kevin",     "Brian",     "George",      "Timothy", "Ronald",   "Jason",    "Edward",
    "Jeffrey",   "Ryan",      "Jacob",       "Gary",    "Nicholas", "Eric",     "Jonathan",
    "Stephen",   "Larry",     "Justin",      "Scott",   "Brandon",  "Benjamin", "Samuel",
    "Gregory",   "Alexander", "Patrick",     "Frank",   "Raymond",  "Jack",     "Dennis",
    "Jerry",     "Tyler",     "Aaron",       "Jose",    "Adam",     "Nathan",   "Henry",
    "Zachary",   "Douglas",   "Peter",       "Kyle",    "Noah",     "Ethan",    "Jeremy",
    "Christian", "Walter",    "Keith",       "Austin",  "Roger",    "Terry",    "Sean",
    "Gerald",    "Carl",      "Dylan",       "Harold",  "Jordan",   "Jesse",    "Bryan",
    "Lawrence",  "Arthur",    "Gabriel",     "Bruce",   "Logan",    "Billy",    "Joe",
    "Alan",      "Juan",      "Elijah",      "Willie",  "Albert",   "Wayne",    "Randy",
    "Mason",     "Vincent",   "Liam",        "Roy",     "Bobby",    "Caleb",    "Bradley",
    "Russell",   "Lucas",     "José",        "Jesús",   "Hiroshi",  "Wei",      "Ahmed",
    "Rajesh",    "Olumide",   "Dmitri",      "Lars",    "Seán",     "Mateo",    "Björn",
};

static const char *const family[] = {
    "Smith",    "Johnson",   "Williams",   "Brown",     "Jones",      "Garcia",    "Miller",
    "Davis",    "Rodriguez", "Martinez",   "Hernandez", "Lopez",      "Gonzalez",  "Wilson",
    "Anderson", "Thomas",    "Taylor",     "Moore",     "Jackson",    "Martin",    "Lee",
    "Perez",    "Thompson",  "White",      "Harris",    "Sanchez",    "Clark",     "Ramirez",
    "Lewis",    "Robinson",  "Walker",     "Young",     "Allen",      "King",      "Wright",
    "Scott",    "Torres",    "Nguyen",     "Hill",      "Flores",     "Green",     "Adams",
    "Nelson",   "Baker",     "Hall",       "Rivera",    "Campbell",   "Mitchell",  "Carter",
    "Roberts",  "Gomez",     "Phillips",   "Evans",     "Turner",     "Diaz",      "Parker",
    "Cruz",     "Edwards",   "Collins",    "Reyes",     "Stewart",    "Morris",    "Morales",
    "Murphy",   "Cook",      "Rogers",     "Gutierrez", "Ortiz",      "Morgan",    "Cooper",
    "Peterson", "Bailey",    "Reed",       "Kelly",     "Howard",     "Ramos",     "Kim",
    "Cox",      "Ward",      "Richardson", "Watson",    "Brooks",     "Chavez",    "Wood",
    "James",    "Bennett",   "Gray",       "Mendoza",   "Ruiz",       "Hughes",    "Price",
    "Alvarez",  "Castillo",  "Sanders",    "Patel",     "Myers",      "Long",      "Ross",
    "Foster",   "Jimenez",   "Powell",     "Jenkins",   "Perry",      "Russell",   "Sullivan",
    "Bell",     "Coleman",   "Butler",     "Henderson", "Barnes",     "Gonzales",  "Fisher",
    "Vasquez",  "Simmons",   "Romero",     "Jordan",    "Patterson",  "Alexander", "Hamilton",
    "Graham",   "Reynolds",  "Griffin",    "Wallace",   "Moreno",     "West",      "Cole",
    "Hayes",    "Bryant",    "Herrera",    "Gibson",    "Ellis",      "Tran",      "Medina",
    "Aguilar",  "Stevens",   "Murray",     "Ford",      "Castro",     "Marshall",  "Owens",
    "Harrison", "Fernandez", "McDonald",   "Woods",     "Washington", "Kennedy",   "Wells",
    "Vargas",   "Henry",     "Chen",       "Freeman",   "Webb",       "Tucker",    "Guzman",
    "Burns",    "Crawford",  "Olson",      "Simpson",   "Porter",     "Hunter",    "Gordon",
    "Mendez",   "Silva",     "Shaw",       "Snyder",    "Mason",      "Dixon",     "Muñoz",
    "Hunt",     "Hicks",     "Holmes",     "Palmer",    "Wagner",     "Black",     "Robertson",
    "Boyd",     "Rose",      "Stone",      "Salazar",   "Fox",        "Warren",    "Mills",
    "Meyer",    "Rice",      "Schmidt",    "Garza",     "Daniels",    "Ferguson",  "Nichols",
    "Stephens", "Soto",      "Weaver",     "Ryan",      "Gardner",    "Payne",     "Grant",
    "Dunn",     "Kelley",    "Spencer",    "Hawkins",   "Arnold",     "Pierce",    "Hansen",
    "Peters",   "Santos",    "Hart",       "Bradley",   "Knight",     "Elliott",   "Cunningham",
    "Duncan",   "Armstrong", "Hudson",     "Carroll",   "Lane",       "Riley",     "Andrews",
    "Núñez",    "O'Brien",   "O'Connor",   "Lindström", "Müller",     "Kowalski",  "Okafor",
    "Yamamoto", "Haddad",    "Ivanova",    "Novák",     "Sørensen",   "da Silva",  "Van Dyke",
};

static const char *const streets[] = {
    "Maple",   "Oak",      "Main",     "Church",    "Elm",      "Washington", "Park",
    "Cedar",   "Pine",     "Lake",     "Hill",      "Walnut",   "Spring",     "North",
    "Ridge",   "School",   "Lincoln",  "Sunset",    "Jackson",  "Willow",     "River",
    "Mill",    "Franklin", "Highland", "Chestnut",  "Forest",   "Jefferson",  "Meadow",
    "Madison", "Adams",    "Dogwood",  "Center",    "Hickory",  "Birch",      "Orchard",
    "Summit",  "Valley",   "College",  "Bridge",    "Pleasant", "Prospect",   "Railroad",
    "Laurel",  "Cherry",   "Spruce",   "Green",     "Locust",   "Water",      "Poplar",
    "Liberty", "Harrison", "Quarry",   "Blueberry", "Fox Run",  "Old Farm",   "Station",
};

static const char *const street_kinds[] = {
    "Street", "Road", "Avenue", "Drive", "Lane", "Court", "Way", "Terrace", "Place",
};

static const char *const towns[] = {
    "Ashford",    "Brookfield",  "Clifton",     "Dunmore",    "Eastham",     "Fairhaven",
    "Glenwood",   "Hartland",    "Ironbridge",  "Jericho",    "Kingsley",    "Lakeside",
    "Millbrook",  "Newbury",     "Oakridge",    "Pembroke",   "Quarryville", "Riverton",
    "Springdale", "Thornbury",   "Underhill",   "Vernon",     "Westfield",   "Yarmouth",
    "Amberley",   "Bellwood",    "Cold Spring", "Deerfield",  "Elmhurst",    "Foxborough",
    "Granby",     "Hollis",      "Ivory Point", "Juniper",    "Kent",        "Longmeadow",
    "Marlow",     "Norwich",     "Orford",      "Plainfield", "Rockport",    "Salem Falls",
    "Topsham",    "Union Mills", "Waterford",   "Windham",    "Woodstock",   "Stony Brook",
};

const struct psp_names psp_names_women = NAMES(women);
const struct psp_names psp_names_men = NAMES(men);
const struct psp_names psp_names_family = NAMES(family);
const struct psp_names psp_names_streets = NAMES(streets);
const struct psp_names psp_names_street_kinds = NAMES(street_kinds);
const struct psp_names psp_names_towns = NAMES(towns);
